"""Checks of a build, before anybody sees it: expectations, and the reconciliation of mart and lake.

suites.py        what is expected of a line's tables, one YAML file per suite in expectations/<line>/
expectations.py  Great Expectations, in a process of its own (alone imports great_expectations)
reconcile.py     counts and control totals per source: MongoDB's own aggregation against the mart
columns.py       columns in question, and optional fields that fell empty
adds_up.py       the group's mart against what is published of the lines that it is made from
docs.py          the results as a page that a manager reads
offending.py     the rows that an expectation does not hold for, for those who may see rows

The results are kept with the build: `checks.json` and `docs/index.html`. A result gives numbers, never a row. The
numbers are totals over all structures: a screen shows `detail` only to those who see every structure.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lake import builds
from lake.builds import CORE, Build, CheckSummary
from lake.checks import columns, docs, reconcile, suites
from lake.checks.adds_up import adds_up
from lake.checks.results import Compared, Result
from lake.checks.runner import Examiner, Subject
from lake.documents import read_as
from lake.land.questions import Question
from lake.settings import PROJECT
from lake.store import Store

log = logging.getLogger(__name__)

#: The form of `checks.json`; see `lake.builds.FORMAT`.
FORMAT = 1

__all__ = ["Compared", "Examiner", "Result", "check", "results"]


def check(
    store: Store,
    chosen: Sequence[Build],
    *,
    again: bool = False,
    project: Path = PROJECT,
    examiner: Examiner | None = None,
) -> list[Build]:
    """Check builds and keep the results with them. Great Expectations is started once for all, unless an examiner runs.

    A build that passed the same suites before is not checked again, unless `again`. The core that a line was built
    with is checked with it: what blocks there blocks the line.

    Returns:
        the same builds, `passed` or `refused`.

    Raises:
        CheckFailed: a suite can't be read, or the checks could not run at all.
        BuildError: a build can't be opened.
    """
    for one in chosen:
        builds.require_readable(one, quick=True)
    known = {b.id: b for b in chosen}
    expected = {name: suites.load(name, project) for name in {CORE, *(b.line for b in chosen)}}
    asked = {b.id: columns.questioned(store, b) for b in chosen}
    marks = {b.id: _mark(expected[b.line] + expected[CORE], asked[b.id]) for b in chosen}
    todo = [b for b in chosen if again or b.status != "passed" or _kept_mark(b) != marks[b.id]]
    cores = {b.core_id: builds.build(CORE, b.core_id) for b in todo if b.core_id}
    asked |= {b.id: columns.questioned(store, b) for b in cores.values()}
    subjects = [Subject.of(b, expected[b.line]) for b in (*cores.values(), *todo)]
    # MongoDB counts while Great Expectations starts.
    with ThreadPoolExecutor(1) as pool, nullcontext(examiner) if examiner else Examiner() as one_examiner:
        counted = pool.submit(lambda: {b.id: _reconciled(store, b, asked[b.id]) for b in (*cores.values(), *todo)})
        found = one_examiner.results(subjects)
        reconciled = counted.result()
    for build in todo:
        own = [*reconciled[build.id], *found[build.id]]
        shared = [*reconciled[build.core_id], *found[build.core_id]] if build.core_id else []
        known[build.id] = _keep(build, [*own, *shared], marks[build.id])
    return [known[b.id] for b in chosen]


def results(build: Build) -> list[Result]:
    """What the checks of a build found; empty when it was not checked, or when that can't be read."""
    kept = _kept(build).get("results", [])
    compared = [tuple(read_as(Compared, c) for c in one.get("compared", ())) for one in kept]
    return [read_as(Result, {**one, "compared": own}) for one, own in zip(kept, compared, strict=True)]


def _reconciled(store: Store, build: Build, asked: list[Question]) -> list[Result]:
    found = [*reconcile.reconcile(store, build), *columns.column_results(asked, build)]
    return [*found, *(adds_up(build) if build.made_from else ())]


def _keep(build: Build, found: list[Result], mark: str) -> Build:
    """Write the results beside the build, then its state: a state is never there without its results."""
    now = datetime.now(UTC)
    count = {outcome: sum(r.outcome == outcome for r in found) for outcome in ("passed", "warned", "blocked")}
    summary = CheckSummary(**count, checked_at=now)
    checked = replace(build, status="refused" if summary.blocked else "passed", checks=summary)
    kept = {
        "format": FORMAT,
        "line": build.line,
        "build": build.id,
        "checked_at": now.isoformat(),
        "suites": mark,
        "results": [asdict(r) for r in found],
    }
    builds.write_whole(build.checks_file, json.dumps(kept, ensure_ascii=False, indent=1))
    for language in ("fr", "en"):
        name = "index.html" if language == "fr" else f"index.{language}.html"
        builds.write_whole(build.docs / name, docs.page(checked, found, language))
    builds.save(checked)
    log.info("check.done line=%s build=%s passed=%d warned=%d blocked=%d", build.line, build.id, *count.values())
    return checked


def _mark(expected: Sequence[suites.Suite], asked: Sequence[Question]) -> str:
    """Digest of the suites and of the columns in question: others, other results."""
    told = [*(s.model_dump_json() for s in expected), *(f"{q.source} {q.kind} {q.name}" for q in asked)]
    return hashlib.sha256("".join(told).encode()).hexdigest()[:16]


def _kept_mark(build: Build) -> str | None:
    return _kept(build).get("suites")


def _kept(build: Build) -> dict[str, Any]:
    """What stands in `checks.json`; nothing if there is none, with a warning if it is damaged or of a newer form."""
    try:
        kept: dict[str, Any] = json.loads(build.checks_file.read_text("utf-8"))
        if kept.get("format", 0) > FORMAT:
            raise ValueError(f"its form is {kept['format']}, and this version of the software reads {FORMAT}")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError) as error:
        log.warning("checks.damaged file=%s error=%s", build.checks_file, error)
        return {}
    return kept
