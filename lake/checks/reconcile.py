"""Reconciliation: what MongoDB counts and sums by itself against what the build holds, per source, to the cent.

Two comparisons for each source, both through the last batch that the build was made from:

- *records*: every version of every key, in the build's frozen inputs. The mirror lost nothing and added nothing.
- *state*: keys that are not deleted, and the contract's control totals over them, in the mart. The relation is the one
  whose model says `config.meta.reconciles: [<source>]` (one row per key, with `_key` and the totals' columns), else the
  source's staging model. Rows that a model leaves out on purpose are counted on the staging model by the condition
  `config.meta.leaves_out`, and shown; anything else that is missing blocks publication.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from lake import sources
from lake.builds import Build
from lake.checks.results import Compared, Result
from lake.contracts import Contract
from lake.store import ControlTotals, Store


@dataclass(frozen=True)
class Relation:
    """Where a source's state is in the build: a quoted relation, and the staging rows left out of it on purpose."""

    name: str
    sql: str
    staging: str
    leaves_out: str | None


@dataclass(frozen=True)
class Counted:
    """Rows and control totals of one relation."""

    rows: int
    sums: Mapping[str, Decimal]

    def __add__(self, other: Counted) -> Counted:
        return Counted(self.rows + other.rows, {name: self.sums[name] + other.sums[name] for name in self.sums})


def reconcile(store: Store, build: Build) -> list[Result]:
    """Compare every source of a build with the lake."""
    relations = _relations(build)
    found = []
    with duckdb.connect() as con:
        for name, path in build.databases.items():
            con.execute(f"attach '{_quoted(path)}' as \"{name}\" (read_only)")
        con.execute(f"set file_search_path = '{_quoted(build.folder)}'")
        for contract in sources.of(build.line):
            lake = store.control_totals(contract, through_batch=build.inputs.get(contract.name, 0))
            found.append(_records(con, build.line, contract, lake))
            found.append(_state(con, contract, lake, relations.get(contract.name)))
    return found


def _records(con: duckdb.DuckDBPyConnection, line: str, contract: Contract, lake: ControlTotals) -> Result:
    relation = f"{line}.{sources.SCHEMA}.{contract.name}"
    wanted = (lake.records, lake.hash_sum)
    got = con.execute(f"select count(*), coalesce(sum(_hash), 0) from {relation}").fetchall()[0]
    detail = f"{lake.records:,} versions in the lake, {got[0]:,} in the build"
    if got[0] == lake.records and int(got[1]) != lake.hash_sum:
        detail += ", whose contents differ"
    return _result(
        contract,
        relation,
        (int(got[0]), int(got[1])) == wanted,
        detail,
        (
            "Chaque version de chaque enregistrement du lac est dans la construction.",
            "Every version of every record of the lake is in the build.",
        ),
        (Compared("versions", str(lake.records), str(got[0])),),
    )


def _state(
    con: duckdb.DuckDBPyConnection, contract: Contract, lake: ControlTotals, relation: Relation | None
) -> Result:
    words = (
        "Le nombre et les totaux de contrôle du magasin sont ceux du lac, au centime.",
        "The mart has the lake's number of records and control totals, to the cent.",
    )
    if relation is None:
        return _result(contract, contract.name, False, "no model reads this source", words)
    try:
        got = _counted(con, contract, relation.sql)
        left = _counted(con, contract, relation.staging, relation.leaves_out) if relation.leaves_out else None
    except duckdb.Error as error:
        return _result(contract, relation.name, False, f"could not be counted: {' '.join(str(error).split())}", words)
    whole = got + left if left else got
    wanted = Counted(lake.live, lake.live_sums)
    parts = [f"{wanted.rows:,} in the lake, {got.rows:,} in {relation.name}"]
    if left:
        parts.append(f"{left.rows:,} left out where {relation.leaves_out}")
    parts += [f"{name}: {_amount(wanted.sums[name])} and {_amount(whole.sums[name])}" for name in wanted.sums]
    compared = (
        Compared("records", str(wanted.rows), str(whole.rows)),
        *(Compared(name, str(wanted.sums[name]), str(whole.sums[name])) for name in wanted.sums),
    )
    return _result(contract, relation.name, whole == wanted, "; ".join(parts), words, compared)


def _counted(con: duckdb.DuckDBPyConnection, contract: Contract, sql: str, where: str = "true") -> Counted:
    """Keys are counted once each: a row that a join doubled shows in the sums, and its key in the number of rows."""
    columns = ["count(*)", "count(distinct _key)", *(f"coalesce(sum({n}), 0)" for n in contract.control_totals)]
    rows, keys, *sums = con.execute(f"select {', '.join(columns)} from {sql} where {where}").fetchall()[0]
    if rows != keys:
        raise duckdb.Error(f"{rows:,} rows have {keys:,} keys")
    return Counted(rows, {n: Decimal(s) for n, s in zip(contract.control_totals, sums, strict=True)})


def _relations(build: Build) -> dict[str, Relation]:
    """The relation of each source of the build, by what dbt's manifest says."""
    nodes = json.loads(build.manifest.read_text("utf-8"))["nodes"].values()
    models = [n for n in nodes if n["resource_type"] == "model" and n["database"] == build.line]
    by_name = {m["name"]: m for m in models}
    stated = {s: m for m in models for s in _stated(m)}
    found = {}
    for contract in sources.of(build.line):
        staging = by_name.get(f"stg_{contract.line}__{contract.name.removeprefix(f'{contract.line}_')}")
        model = stated.get(contract.name, staging)
        if model and staging:
            found[contract.name] = Relation(
                name=model["name"],
                sql=model["relation_name"],
                staging=staging["relation_name"],
                leaves_out=model["config"].get("meta", {}).get("leaves_out"),
            )
    return found


def _stated(model: Mapping[str, Any]) -> Sequence[str]:
    reconciles: Sequence[str] = model["config"].get("meta", {}).get("reconciles", ())
    return reconciles


def _result(
    contract: Contract,
    where: str,
    holds: bool,
    detail: str,
    says: tuple[str, str],
    compared: tuple[Compared, ...] = (),
) -> Result:
    return Result.of(
        contract.name, "reconciliation", where, "blocks", holds=holds, detail=detail, says=says, compared=compared
    )


def _amount(value: Decimal) -> str:
    return f"{value:,}"


def _quoted(path: object) -> str:
    return str(path).replace("'", "''")
