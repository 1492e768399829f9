"""What the page asks: builds and their checks from the marts, the rest from the lake, which may not answer."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from apps.screens.quality.trust import Checked
from apps.session import Session
from apps.store import store
from lake import builds, publish, semantic
from lake.access import lines_behind
from lake.builds import Build
from lake.checks import results
from lake.contracts import catalogue, contract
from lake.errors import StoreError
from lake.land import land
from lake.land import questions as columns
from lake.land import waiting as deliveries
from lake.land.originals import original
from lake.land.questions import Question, open_questions
from lake.land.report import FileReport
from lake.land.retry import Retried, retry
from lake.land.waiting import Waiting
from lake.run import Run, last_runs
from lake.semantic import Restatement
from lake.status import SourceStatus, status
from lake.store import LAKE_ID, Counted, Held, Store
from lake.vault import vault_of

#: Runs shown.
RUNS = 20

#: Bytes of a file that the portal lands by itself; a larger one lands when it comes again.
LANDED_BYTES = 20 << 20

#: Characters of a quarantined row shown; `lake quarantine show` gives it whole.
CHARACTERS = 20_000


def lake() -> Store | None:
    """The lake's MongoDB, or None when it does not answer."""
    try:
        return store()
    except StoreError:
        return None


def checked(line: str) -> list[Checked]:
    """The kept builds of a line with what their checks found, newest first."""
    return [Checked(b, tuple(results(b))) for b in builds.builds(line)]


def sources(session: Session) -> list[SourceStatus] | None:
    """The sources of the lines in scope, shared ones too; None when the lake does not answer."""
    held = lake()
    if held is None:
        return None
    try:
        return [s for s in status(held).sources if session.scope.sees(catalogue()[s.name].line)]
    except StoreError:
        return None


def quarantined(held: Store, session: Session) -> list[Counted]:
    """Rows in quarantine by source, file and reason, of the lines whose quarantine the role may see."""
    counted = held.quarantine.reasons()
    return [
        c for c in counted if session.scope.allows("quarantine", c.source.split("_")[0])
    ]  # a contract may be broken


def file_names(held: Store, source: str) -> dict[int, str]:
    return {f.number: f.name for f in held.files(source)}


def row(held: Store, session: Session, id: str) -> tuple[Held, str]:
    """A row in quarantine, decrypted, under its header, its beginning if it is very long.

    It can hold clear personal data.
    """
    found = held.quarantine.get(id)
    session.scope.require("quarantine", contract(found.source).line)
    text = original(held, vault_of(held), found).text
    return found, text if len(text) <= CHARACTERS else f"{text[:CHARACTERS]}…"


def try_again(held: Store, session: Session, source: str) -> Retried:
    """Read a source's quarantined rows again by today's contract, and land those that pass.

    Raises:
        AccessDenied: the role may not.
        LeaseHeld: the source is being landed now.
    """
    session.scope.require("quarantine", contract(source).line)
    (done,) = retry(held, vault_of(held), [source])
    return done


def waiting(held: Store, session: Session) -> list[Waiting]:
    """Deliveries that a person must confirm, of the lines whose quarantine the role may see."""
    return [w for w in deliveries.waiting(held) if session.scope.allows("quarantine", w.source.split("_")[0])]


def let_through(held: Store, session: Session, its: Waiting) -> FileReport | None:
    """Confirm a delivery, and land it if its file is still where it was; else it lands when it comes again.

    Raises:
        AccessDenied: the role may not.
        LeaseHeld: the source is being landed now.
    """
    deliveries.confirm(held, its.id, session.scope)
    shown = Path(its.shown)
    path = next((p for p in (shown, *shown.parents) if p.is_file()), None)  # a member is shown below its archive
    if path is None or path.stat().st_size > LANDED_BYTES:
        return None
    report = land([str(path)])
    return next((f for f in report.files if f.file == its.shown and f.status == "landed"), None)


def questions(held: Store, session: Session) -> list[Question]:
    """Open questions about columns, of the sources of the lines whose quarantine the role may see."""
    chosen = [c for c in catalogue().values() if session.scope.allows("quarantine", c.line)]
    return [q for c in chosen for q in open_questions(held, c)]


def accept(held: Store, session: Session, asked: Question) -> None:
    """Say that a column is rightly absent or new.

    Raises:
        AccessDenied: the role may not.
    """
    columns.accept(held, asked.source, asked.kind, asked.name, session.scope)


def alias(held: Store, session: Session, asked: Question, header: str) -> None:
    """Say that a header is the column of an absent field.

    Raises:
        AccessDenied: the role may not.
        ContractError: another field has that header.
    """
    columns.alias(held, asked.source, asked.name, header, session.scope)


def show_build(session: Session, build: Build) -> Build:
    """Make a build the one that readers of its line see; an earlier one than they see now is a rollback.

    Raises:
        AccessDenied: the role may not.
        PublishError: it did not pass its checks, or is gone.
    """
    session.scope.require("publish", *lines_behind(build.line))
    return publish.publish(build.line, build.id, by=f"{session.scope.who} as {session.scope.role.name}")


def comparable(session: Session, line: str) -> list[Build]:
    """The kept builds of a line whose figures the persona may see, newest first."""
    may_publish = session.scope.allows("publish", line)
    return [b for b in builds.builds(line) if b.status == "passed" or (may_publish and b.status != "failed")]


def restatement(session: Session, metric: str, older: str, newer: str) -> Restatement:
    """What changed in an indicator between two builds of a line, by structure and month.

    Raises:
        LakeError: they can't be compared by it; says why.
    """
    return semantic.restatement(metric, older, newer, scope=session.scope)


def named(records: pa.Table, lake_id: str | None) -> pa.Table:
    """Records of a restatement with the name of the file that brought each, if the lake that they came from answers."""
    held = lake()
    names: dict[int, str] = {}
    try:
        if held and lake_id in (None, held.fact(LAKE_ID)):
            for source in {source for source in records.column("source").to_pylist() if source}:
                names |= file_names(held, source)
    except StoreError:
        names = {}
    files = [names.get(number) for number in records.column("file").to_pylist()]
    return records.append_column("file_name", pa.array(files, pa.string()))


def runs(held: Store, session: Session) -> list[Run]:
    """The last runs of lines in scope."""
    return [r for r in last_runs(held, RUNS) if any(session.scope.sees(line) for line in r.lines)]


def promised_days(source: str) -> int | None:
    return catalogue()[source].freshness_days


def line_of(source: str) -> str:
    return catalogue()[source].line
