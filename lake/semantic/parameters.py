"""Legal parameters: what each was on which days, how sure that is, and the indicators that rest on what is not.

A metric names the parameters that it rests on in its meta (`parameters`). Their values are in the shared dimensions of
the build that answers (`dim_parameter`: what the group loaded, else what is shipped), so a figure and what is said of
it always come from the same build.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import duckdb

from lake.builds import Build
from lake.semantic.answer import Note
from lake.semantic.cache import Cache
from lake.semantic.execution import marts
from lake.semantic.manifest import Manifest
from lake.semantic.publications import Source, published
from lake.settings import PROJECT

if TYPE_CHECKING:
    from lake.semantic.indicators import Indicator

UNVERIFIED = "unverified"

#: Where the values are that are shipped, and what they are called.
SHIPPED, NAMES = (PROJECT / "models" / "core" / f"{name}.csv" for name in ("parameters", "parameter_names"))

#: The year of a last day that is not known yet.
_OPEN = 9999

_SQL = (
    "SELECT parameter, label_fr, label_en, subject, territory, value, unit, status, source, origin, valid_from, "
    "valid_to FROM core.atomic.dim_parameter ORDER BY parameter, subject, territory, valid_from"
)


@dataclass(frozen=True)
class Parameter:
    """One value of one parameter over one period; days are inclusive, and `valid_to` is None while it goes on.

    `status` is official, secondary or unverified; `origin` is loaded (by the group) or shipped.
    """

    name: str
    label_fr: str
    label_en: str
    subject: str
    territory: str
    value: Decimal
    unit: str
    status: str
    source: str
    origin: str
    valid_from: date
    valid_to: date | None

    def label(self, lang: str) -> str:
        return self.label_en if lang == "en" else self.label_fr

    @property
    def is_verified(self) -> bool:
        return self.status != UNVERIFIED

    def is_in(self, since: date | None, until: date | None) -> bool:
        """Whether it holds on a day of a period."""
        return (until is None or self.valid_from <= until) and (
            since is None or self.valid_to is None or self.valid_to >= since
        )


_known: Cache[tuple[Parameter, ...]] = Cache(capacity=24)


def parameters() -> tuple[Parameter, ...]:
    """The parameters that published figures rest on, by the newest build; before there is one, the shipped."""
    newest = max(published().values(), key=lambda build: build.created_at, default=None)
    return (in_builds((newest,)) if newest else ()) or shipped()


def in_builds(builds: Sequence[Build]) -> tuple[Parameter, ...]:
    """The parameters that builds were made with; none of builds older than parameters."""
    key = tuple(str(build.folder) for build in builds)
    return _known.fetch(key, lambda: tuple(_read(builds)))[0]


def _read(builds: Sequence[Build]) -> Iterator[Parameter]:
    with marts.using(builds) as mart:
        try:
            rows = mart.table(_SQL, {}, ()).to_pylist()
        except duckdb.CatalogException:
            return
    for row in rows:
        until = row.pop("valid_to")
        yield Parameter(name=row.pop("parameter"), valid_to=None if until.year == _OPEN else until, **row)


def shipped() -> tuple[Parameter, ...]:
    """The parameters as the lake comes with them."""
    with NAMES.open(encoding="utf-8", newline="") as file:
        names = {row["parameter"]: row for row in csv.DictReader(file)}
    with SHIPPED.open(encoding="utf-8", newline="") as file:
        rows = [
            Parameter(
                name=row["parameter"],
                label_fr=names[row["parameter"]]["label_fr"],
                label_en=names[row["parameter"]]["label_en"],
                subject=row["subject"],
                territory=row["territory"],
                value=Decimal(row["value"]),
                unit=row["unit"],
                status=row["status"],
                source=row["source"],
                origin="shipped",
                valid_from=date.fromisoformat(row["valid_from"]),
                valid_to=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
            )
            for row in csv.DictReader(file)
        ]
    return tuple(sorted(rows, key=lambda p: (p.name, p.subject, p.territory, p.valid_from)))


def of_metric(manifest: Manifest, metric: str) -> tuple[str, ...]:
    """The parameters that a metric rests on: its own and those of the metrics that it is made of."""
    found = manifest.metrics.get(metric)
    if found is None:  # private: what stands on it says what it rests on
        return ()
    own = [str(name) for name in found.meta.get("parameters") or ()]
    return tuple(dict.fromkeys([*own, *(name for part in found.parts for name in of_metric(manifest, part))]))


def notes(source: Source, metrics: Sequence[str], since: date | None, until: date | None) -> Iterator[Note]:
    """What is not verified of what each indicator rests on, within the period that is asked for."""
    for metric in metrics:
        if names := of_metric(source.manifest, metric):
            meta = source.manifest.metrics[metric].meta
            labels = [str(meta.get(f"label_{lang}") or metric) for lang in ("fr", "en")]
            values = [p for p in in_builds(source.builds) if p.name in names and p.is_in(since, until)]
            yield from _doubts(labels, values)


def doubt(indicator: Indicator) -> Note | None:
    """What is not verified of what an indicator rests on, whenever; None where all is."""
    values = [p for p in parameters() if p.name in indicator.parameters] if indicator.parameters else []
    return next(_doubts([indicator.label_fr, indicator.label_en], values), None)


def _doubts(labels: Sequence[str], values: Sequence[Parameter]) -> Iterator[Note]:
    if doubtful := [p for p in values if not p.is_verified]:
        fr, en = labels
        yield Note(
            "parameters",
            f"{fr} : repose sur des valeurs non vérifiées ({_periods(doubtful, 'fr')}), tant que le groupe n'a pas "
            "chargé le barème officiel.",
            f"{en}: rests on unverified values ({_periods(doubtful, 'en')}) until the group loads the official table.",
        )


def _periods(values: Sequence[Parameter], lang: str) -> str:
    """Each parameter once, with the years for which it is doubtful."""
    labels = dict.fromkeys(p.label(lang) for p in values)
    return " ; ".join(f"{label}, {_years([p for p in values if p.label(lang) == label])}" for label in labels)


def _years(values: Sequence[Parameter]) -> str:
    """`2021`, `2019–2021, 2023` or `2024–` of one that goes on."""
    ranges: list[list[int]] = []
    for first, last in sorted((p.valid_from.year, p.valid_to.year if p.valid_to else _OPEN) for p in values):
        if ranges and first <= ranges[-1][1] + 1:
            ranges[-1][1] = max(ranges[-1][1], last)
        else:
            ranges.append([first, last])
    return ", ".join(
        f"{first}" if first == last else f"{first}–" if last == _OPEN else f"{first}–{last}" for first, last in ranges
    )
