"""The group's mart against the lines that it is made from: each line's revenue by structure, to the cent.

MongoDB holds nothing of the group to count: what readers see of a line is what its part of the group must be. So the
line's own indicator is asked of the line's file that the build was made from, by the plan that answers readers, and
the group's rows of the line are summed beside it. The model whose `config.meta.revenue_of` names these indicators by
line is the one compared; it has `business_line`, `structure_id` and `revenue_eur`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import duckdb

from lake.access import ALL
from lake.builds import Build
from lake.checks.results import Compared, Result
from lake.errors import LakeError
from lake.semantic.connection import Mart
from lake.semantic.manifest import Manifest

_SAYS = (
    "Le chiffre d'affaires de chaque structure est celui que le métier a publié, au centime.",
    "The revenue of each structure is the one that the line has published, to the cent.",
)

#: Money by structure.
Totals = Mapping[str, Decimal]


def adds_up(build: Build) -> list[Result]:
    """One result for each line that a build was made from; none for a line's own build."""
    model = _model(build)
    metrics: Mapping[str, str] = model["config"]["meta"]["revenue_of"] if model else {}
    return [_line(build, line, metrics.get(line), model) for line in build.made_from]


def _line(build: Build, line: str, metric: str | None, model: Mapping[str, Any] | None) -> Result:
    if metric is None or model is None:
        return _result(line, f'"{build.line}"', False, f"no model says which indicator is the revenue of {line}")
    try:
        wanted, got = _published(build, line, metric), _grouped(build, line, model["relation_name"])
    except (duckdb.Error, LakeError) as error:
        return _result(metric, model["name"], False, f"could not be counted: {' '.join(str(error).split())}")
    wrong = [s for s in sorted({*wanted, *got}) if wanted.get(s, Decimal()) != got.get(s, Decimal())]
    whole, summed = sum(wanted.values(), Decimal()), sum(got.values(), Decimal())
    detail = f"{whole:,} published of {line}, {summed:,} in {model['name']}, {len(wanted):,} structures"
    if wrong:
        detail += f", of which {len(wrong)} differ"
    structures = Compared("structures", str(len(wanted)), str(len(got)))
    compared = (Compared("revenue_eur", str(whole), str(summed)), structures)
    return _result(metric, model["name"], not wrong, detail, compared)


def _published(build: Build, line: str, metric: str) -> Totals:
    """The indicator by structure, as readers of the line's published build have it."""
    sql = Manifest.read(build.semantic_manifest).sql([metric], ["structure"], [])
    mart = Mart([replace(build, line=line)])
    try:
        with mart.cursor(mart.resolve((ALL,))) as cursor:
            return _totals(cursor.execute(sql).fetchall())
    finally:
        mart.close()


def _grouped(build: Build, line: str, relation: str) -> Totals:
    sql = f"select structure_id, sum(revenue_eur) from {relation} where business_line = ? group by structure_id"
    with duckdb.connect() as con:
        quoted = str(build.database).replace("'", "''")
        con.execute(f"attach '{quoted}' as \"{build.line}\" (read_only)")
        return _totals(con.execute(sql, [line]).fetchall())


def _totals(rows: list[tuple[Any, ...]]) -> Totals:
    """A structure without any revenue is one that is not there."""
    return {str(structure): Decimal(value) for structure, value in rows if value}


def _model(build: Build) -> Mapping[str, Any] | None:
    nodes = json.loads(build.manifest.read_text("utf-8"))["nodes"].values()
    own = (n for n in nodes if n["resource_type"] == "model" and n["database"] == build.line)
    return next((n for n in own if n["config"].get("meta", {}).get("revenue_of")), None)


def _result(subject: str, where: str, holds: bool, detail: str, compared: tuple[Compared, ...] = ()) -> Result:
    return Result.of(
        subject, "reconciliation", where, "blocks", holds=holds, detail=detail, says=_SAYS, compared=compared
    )
