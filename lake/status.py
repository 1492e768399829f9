"""What is in the lake, the mirror and the marts, how fresh it is, and whether checks passed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lake import builds, mirror
from lake.build import outdated
from lake.builds import Build, Rollback
from lake.contracts import broken, catalogue
from lake.errors import ContractError
from lake.land.waiting import Waiting, waiting
from lake.origin import REMEDY, another_lake, trace
from lake.run import Run, last_runs
from lake.settings import MARTS, settings
from lake.store import LAKE_ID, BatchRecord, FileRecord, Holding, Store, current


@dataclass(frozen=True)
class SourceStatus:
    """One source in lake and mirror. Counts are of committed batches.

    `records` counts versions; `quarantined` the rows still in quarantine; `withdrawn` the records that deliveries which
    are the whole of their scope did not hold any more; `behind` the records that the mirror lacks; `is_late` says that
    nothing came for longer than the contract promises; `foreign` why the mirror is another lake's.
    """

    name: str
    batches: int
    records: int
    quarantined: int
    withdrawn: int
    landed_at: datetime | None
    behind: int
    is_late: bool
    foreign: str | None


@dataclass(frozen=True)
class Fault:
    """A file of a mart that is damaged, and what to do about it."""

    what: str
    remedy: str


@dataclass(frozen=True)
class MartStatus:
    """One line's mart: what readers see, and the newest build if that is another.

    `outdated` names the lines of which readers see other data than what this mart is made from; `rolled_back` says who
    sent its readers back to it, and holds.
    """

    line: str
    published: Build | None
    newest: Build | None
    is_stale: bool
    outdated: tuple[str, ...]
    faults: tuple[Fault, ...]
    rolled_back: Rollback | None = None


@dataclass(frozen=True)
class Status:
    """Everything that `lake status` shows. `broken` says which contracts can't be used, and why; `waiting` are the
    deliveries that a person must confirm."""

    sources: tuple[SourceStatus, ...]
    marts: tuple[MartStatus, ...]
    runs: tuple[Run, ...]
    leases: tuple[Holding, ...]
    broken: tuple[str, ...]
    waiting: tuple[Waiting, ...]


def status(store: Store, now: datetime | None = None) -> Status:
    """The state of the lake now."""
    now = now or datetime.now(UTC)
    batches, files, lake = store.committed_batches(), store.files(), store.fact(LAKE_ID)
    return Status(
        sources=tuple(_source(name, batches, files, lake, now) for name in catalogue()),
        marts=tuple(_mart(line, now, lake, batches) for line in MARTS),
        runs=tuple(last_runs(store, 1)),
        leases=tuple(lease for lease in store.holdings() if not lease.is_over),
        broken=tuple(str(one.error) for one in broken()),
        waiting=tuple(waiting(store)),
    )


def is_stale(build: Build, now: datetime) -> bool:
    """Whether a build's data is older than `LAKE_STALE_AFTER_HOURS`."""
    return build.as_of is not None and now - build.as_of > timedelta(hours=settings().stale_after_hours)


def _source(
    name: str, batches: Sequence[BatchRecord], files: Sequence[FileRecord], lake: str | None, now: datetime
) -> SourceStatus:
    own = [b for b in batches if b.source == name]
    through = mirror.through_batch(name)
    landed_at = max((b.committed_at for b in own), default=None)
    contract = catalogue()[name]
    promised = contract.freshness_days
    try:
        counting = current(own, contract)
    except ContractError:  # `foreign` says it
        counting = own
    return SourceStatus(
        name=name,
        batches=len(own),
        records=sum(b.records for b in own),
        quarantined=sum(f.quarantined for f in files if f.source == name),
        withdrawn=sum(b.withdrawn for b in own),
        landed_at=landed_at,
        behind=sum(b.records for b in counting if b.number > through),
        is_late=bool(landed_at and promised and now - landed_at > timedelta(days=promised)),
        foreign=mirror.foreign(contract, lake, batches),
    )


def _mart(
    line: str, now: datetime, lake: str | None = None, batches: Sequence[BatchRecord] | None = None
) -> MartStatus:
    published = builds.published(line)
    newest = next(iter(builds.builds(line)), None)
    return MartStatus(
        line,
        published,
        newest,
        is_stale=published is not None and is_stale(published, now),
        outdated=outdated(published) if published else (),
        faults=(*_faults(line), *(_foreign(published, lake, batches) if published and batches is not None else ())),
        rolled_back=builds.rolled_back(line),
    )


def _faults(line: str) -> Iterator[Fault]:
    """What is damaged, as far as a quick look tells; readers see another build meanwhile, if there is one."""
    for path in builds.damaged(line):
        yield Fault(f"build {path.name} is damaged: its build.json can't be read.", f"Remove {path}.")
    for path in builds.newer(line):
        what = f"build {path.name} is of a newer version of this software."
        yield Fault(what, "Update it; or it goes by itself, once enough newer ones are kept.")
    if why := builds.pointer_fault(line):
        instead = builds.published(line)
        seen = f"readers see {instead.id} instead" if instead else "readers see nothing of the line"
        yield Fault(f"{why}: {seen}.", f"Run `lake run {line}`, or `lake publish {line} --build …` for another.")


def _foreign(build: Build, lake: str | None, batches: Sequence[BatchRecord]) -> Iterator[Fault]:
    """Whether the lake still holds what readers see: it may be another lake, or another past of it."""
    if said := another_lake(build.lake, lake):
        yield Fault(f"what readers see is {said}.", REMEDY)
        return
    for source, last in build.inputs.items():
        held = [b for b in batches if b.source == source and b.records and b.number <= last]
        if build.origins.get(source) not in (None, "", *_traces(held)):
            why = f"MongoDB holds other batches up to {last}"
            yield Fault(f"what readers see of {source} is of another past of this lake: {why}.", REMEDY)


def _traces(held: Sequence[BatchRecord]) -> Iterator[str]:
    """Of some batches of one source, all and without what its contract leaves out since."""
    yield trace(held)
    if held and (contract := catalogue().get(held[0].source)):
        with suppress(ContractError):
            yield trace(current(held, contract))
