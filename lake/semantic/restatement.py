"""What changed in an indicator between two builds of a line: in which cells, by how much, and by which records.

    told = semantic.restatement("audio_sales_eur", "20260131T050000-3f9a2c", "20260201T050000-77b1d0", scope=scope)
    told.cells      structure, month, value in both, change: the cells that differ
    told.causes     of each of these cells, how many records of each kind changed it, and by how much
    told.records    the records themselves, and the file and line that each came from

Each build answers by its own definitions and with its own shared dimensions, in the same scope.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from lake import builds
from lake.access import Scope, lines_behind
from lake.builds import Build
from lake.errors import QueryError, UnknownBuild, UnknownMetric
from lake.semantic import causes, cells, origins
from lake.semantic.answer import Column, Note
from lake.semantic.cache import Cache
from lake.semantic.cells import Change
from lake.semantic.figures import answer, check_grain
from lake.semantic.filters import Filter
from lake.semantic.manifest import Manifest
from lake.semantic.origins import Difference
from lake.semantic.publications import Source, find, published
from lake.semantic.question import Question
from lake.semantic.rows import LARGEST_PAGE
from lake.settings import MARTS


@dataclass(frozen=True)
class Restatement:
    """What changed in an indicator from the build `before` to the build `after`.

    `cells`: a row per cell that differs; the dimensions (described by `columns`), `value_a`, `value_b`, `change`.
    `cell_count` cells were compared. `total` is the figure over all of them; None where it has none without a period.

    `causes`: a row per part of the indicator, cell and kind of cause: `part`, the dimensions, `kind`, how many
    `records` and by how much they changed the part (`change`). Of a part in `adding_up`, these changes add up to the
    change of every cell.

    `records`: the records behind the causes, those that change most first; None if the role may not drill. `kind` is
    `new`, `deleted`, `corrected` (another version of the record counts: another value, date or dimension) or `other`
    (the same version counts, but something else changed: see `differences`). `record` is the event's own key; `_a` and
    `_b` say what it was in each build; `source`, `batch`, `file` (its number in the lake's ledger) and `line` say
    what brought the version that counts now. `record_count` there are in all.

    `differences` are what else the builds were made from that is not the same; `notes` what a reader must know.
    """

    metric: str
    parts: tuple[str, ...]
    adding_up: tuple[str, ...]
    before: Build
    after: Build
    columns: tuple[Column, ...]
    cells: pa.Table
    cell_count: int
    total: Change | None
    causes: pa.Table
    records: pa.Table | None
    record_count: int
    differences: tuple[Difference, ...]
    notes: tuple[Note, ...]


def restatement(
    metric: str,
    build_a: str,
    build_b: str,
    *,
    by: Sequence[str] = ("structure",),
    grain: str | None = "month",
    where: Sequence[Filter] = (),
    since: date | None = None,
    until: date | None = None,
    limit: int = LARGEST_PAGE,
    scope: Scope,
) -> Restatement:
    """What changed in an indicator between two builds of one line.

    Args:
        metric: the indicator.
        build_a, build_b: ids of two builds that are kept (`lake builds`), published or not.
        by, grain: the cells to compare, as in a query.
        where, since, until: which rows to compare, as in a query.
        limit: records at most, those that change most first.

    Raises:
        UnknownBuild, UnknownMetric, UnknownDimension: with the nearest valid names.
        AccessDenied: the scope doesn't see a line of the indicator, or may not see a build that did not pass.
        QueryError: the builds can't be compared by this indicator; says why.
    """
    if not isinstance(scope, Scope):
        raise TypeError("A restatement needs a lake.access.Scope: there are no rows without one.")
    if not (isinstance(limit, int) and 0 <= limit <= LARGEST_PAGE):
        raise QueryError(f"At most {LARGEST_PAGE} records are listed.", remedy="Compare a shorter period, or a place.")
    before, after = (_build(id, scope) for id in (build_a, build_b))
    sources = _sources(metric, before, after, scope)
    question = Question((metric,), tuple(by), tuple(where), since, until, grain)
    may_drill = scope.allows("drill", *lines_behind(after.line))
    key = (question, limit, *(str(b.folder) for s in sources for b in s.builds), scope.structures, may_drill)
    return _told.fetch(key, lambda: _compare(question, sources, limit, scope))[0]


#: Restatements in memory, in bytes of Arrow: builds never change, and a screen asks again at every click.
_told: Cache[Restatement] = Cache(64 * 2**20, lambda told: told.cells.nbytes + (told.records or told.causes).nbytes)


def _compare(question: Question, sources: tuple[Source, Source], limit: int, scope: Scope) -> Restatement:
    (metric,) = question.metrics
    before, after = (source.builds[0] for source in sources)
    check_grain(question, sources[1].manifest)
    answers = [answer(question, source, scope) for source in sources]
    table, count = cells.differing(answers, sources[1].manifest)
    found = causes.find(question, sources, scope, limit)
    return Restatement(
        metric=metric,
        parts=found.parts,
        adding_up=tuple(p for p in found.parts if sources[1].manifest.metrics[p].is_additive),
        before=before,
        after=after,
        columns=answers[1].columns,
        cells=table,
        cell_count=count,
        total=cells.total(question, sources, scope),
        causes=found.causes,
        records=found.records,
        record_count=found.count,
        differences=origins.differences(metric, before, after),
        notes=(*_notes(metric, sources), *found.notes),
    )


def compared(metric: str, build_a: str | None, build_b: str | None, *, scope: Scope) -> tuple[str, str]:
    """Which builds to compare where only one, or none, is named: the published one with the one before it.

    Raises:
        UnknownMetric, UnknownBuild, AccessDenied: as `restatement`.
        QueryError: there is no build before it.
    """
    if build_b is None:
        found = find((metric,), scope).builds
        build_b = min(found, key=lambda build: not metric.startswith(f"{build.line}_")).id
    return build_a or earlier(_build(build_b, scope)).id, build_b


def earlier(after: Build) -> Build:
    """The newest build of a line that passed before this one.

    Raises:
        QueryError: there is none.
    """
    found = next((b for b in builds.builds(after.line) if b.status == "passed" and b.id < after.id), None)
    if found is None:
        raise QueryError(
            f"Line '{after.line}' keeps no build before '{after.id}' that passed its checks.",
            remedy=f"There is one to compare with after the next `lake run {after.line}`.",
        )
    return found


def _build(id: str, scope: Scope) -> Build:
    """A build that the scope may see: one that did not pass is for those who publish."""
    kept = {build.id: build for mart in MARTS if scope.sees_mart(mart) for build in builds.builds(mart)}
    if id not in kept:
        raise UnknownBuild(id, kept, remedy="See `lake builds`.")
    build = kept[id]
    scope.require("read", *lines_behind(build.line))
    if build.status != "passed":
        scope.require("publish", *lines_behind(build.line))
    if build.status == "failed":
        raise QueryError(f"The build '{id}' of line '{build.line}' failed: it has no figures.")
    return build


def _sources(metric: str, before: Build, after: Build, scope: Scope) -> tuple[Source, Source]:
    """What answers for each build: itself, with the published builds of other lines that the indicator needs."""
    line = after.line
    if before.line != line:
        raise QueryError(
            f"'{before.id}' is a build of line '{before.line}' and '{after.id}' of line '{line}'.",
            remedy="Name two builds of one line: see `lake builds`.",
        )
    manifests = [Manifest.read(build.semantic_manifest) for build in (before, after)]
    for build, manifest in zip((before, after), manifests, strict=True):
        if metric not in manifest.metrics:
            if not any(metric in m.metrics for m in manifests):
                seen = [m for m in manifest.metrics if all(scope.sees(x) for x in manifest.lines(m))]
                raise UnknownMetric(metric, seen, remedy="See `lake metrics`.")
            raise QueryError(f"The build '{build.id}' does not define '{metric}': there is nothing to compare with.")
    scope.require("read", *sorted(manifests[0].lines(metric) | manifests[1].lines(metric)))
    needed = manifests[0].marts(metric) | manifests[1].marts(metric)
    if needed and line not in needed:
        raise QueryError(
            f"'{metric}' is not computed from line '{line}'.",
            remedy=f"Name two builds of {' or '.join(sorted(needed))}.",
        )
    others = []
    for name in sorted(needed - {line}):
        other = published().get(name)
        if other is None:
            raise QueryError(f"Line '{name}' has no published build.", remedy=f"Run `lake run {name}`.")
        others.append(other)
    return Source(manifests[0], (before, *others)), Source(manifests[1], (after, *others))


def _notes(metric: str, sources: Sequence[Source]) -> Iterator[Note]:
    """What a reader of the comparison must know."""
    old, new = (source.manifest for source in sources)
    if _meaning(old, metric) != _meaning(new, metric):
        yield Note(
            "restatement",
            "La définition de l’indicateur diffère d’une construction à l’autre : chacune répond par la sienne.",
            "The indicator is not defined alike in the two builds: each answers by its own definition.",
        )
    if others := ", ".join(build.line for build in sources[1].builds[1:]):
        yield Note(
            "restatement",
            f"L’indicateur se calcule aussi sur {others} : lu des deux côtés dans la construction publiée.",
            f"The indicator is computed from {others} too: read on both sides from the published build.",
        )
    if new.metrics[metric].needs_time:
        yield Note(
            "restatement",
            "L’indicateur regarde aussi d’autres périodes : une ligne peut changer une cellule d’une autre date.",
            "The indicator looks at other periods too: a record can change a cell of another date.",
        )


def _meaning(manifest: Manifest, metric: str) -> list[object]:
    """All that decides a metric's value, given the rows: its definition and that of its parts, their measures, and the
    dimensions that it filters by."""
    definition = manifest.metrics[metric]
    own: list[object] = [definition.kind, definition.formula, definition.filters]
    for model in manifest.models.values():
        if definition.measure is not None and definition.measure in model.measures:
            filtered = {n: e for n, e in model.expressions.items() if any(n in text for text in definition.filters)}
            own.append((model.relation, model.measures[definition.measure], filtered))
    return [own, *(_meaning(manifest, part) for part in definition.parts)]
