"""Columns in question, and optional fields that are empty more often than they used to be: both warn, neither blocks.

The share of empty values is that of a structure's newest file against its files before, of the first version of each
record: what comes later, such as a payer's answer, is empty in every file at first. Dates are left out: the newest
events have not got them yet.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from lake import sources
from lake.builds import Build
from lake.checks.results import Result
from lake.contracts import Contract
from lake.land.questions import Question, open_questions
from lake.store import Store

#: Rows of a file, and of the files before it, from which a share says anything; and by how much it must have grown.
_ROWS, _BEFORE, _GROWTH = 20, 100, 0.4


_ANSWERED = (
    "Aucune colonne n'est absente ou nouvelle sans que quelqu'un ait répondu.",
    "No column is absent or new without an answer.",
)
_FILLED = (
    "Aucun champ facultatif n'est vide plus souvent que dans les livraisons d'avant.",
    "No optional field is empty more often than in the deliveries before.",
)


def questioned(store: Store, build: Build) -> list[Question]:
    """The open questions about the columns of a build's sources."""
    return [q for contract in sources.of(build.line) for q in open_questions(store, contract)]


def column_results(asked: list[Question], build: Build) -> list[Result]:
    """What is in question about the columns of a build's sources, and which of their fields fell empty."""
    found = []
    for contract in sources.of(build.line):
        own = [f"{q.name} ({q.kind}, {q.files:,} files, last {q.last})" for q in asked if q.source == contract.name]
        for wrong, says in ((own, _ANSWERED), (list(_emptied(contract, build)), _FILLED)):
            detail = "; ".join(wrong)
            found.append(
                Result.of(contract.name, "expectation", "columns", "warns", holds=not wrong, detail=detail, says=says)
            )
    return found


def _emptied(contract: Contract, build: Build) -> Iterator[str]:
    """Optional fields of structures whose newest file has them empty much more often."""
    watched = [
        f.name for f in contract.stored if not f.required and f.kind not in ("date", "timestamp") and not f.from_file
    ]
    files = sorted((build.folder / "inputs" / contract.name).glob("*.parquet"))
    if not watched or not files:
        return
    structure = f'"{contract.structure}"' if contract.structure else "''"
    counts = ", ".join(f'count(*) - count("{name}") AS "{name}"' for name in watched)
    shares = ", ".join(
        f'any_value("{name}") FILTER (_nth = 1) AS "{name}", sum("{name}") FILTER (_nth > 1) AS "{name}_before"'
        for name in watched
    )
    with duckdb.connect() as con:
        con.read_parquet([str(path) for path in files], union_by_name=True).create_view("versions")
        have = set(con.table("versions").columns)
        if not have.issuperset(watched):
            return  # A field of the contract that nothing was landed with yet.
        table = con.sql(
            f"""
            WITH delivered AS (
                SELECT {structure} AS _structure, _file, count(*) AS _rows, {counts} FROM versions
                WHERE _version = 0 AND NOT _deleted GROUP BY ALL HAVING count(*) >= {_ROWS}
            ), ranked AS (
                SELECT *, row_number() OVER (PARTITION BY _structure ORDER BY _file DESC) AS _nth FROM delivered
            )
            SELECT
                _structure, any_value(_rows) FILTER (_nth = 1) AS _rows, sum(_rows) FILTER (_nth > 1) AS _before,
                {shares}
            FROM ranked GROUP BY _structure HAVING sum(_rows) FILTER (_nth > 1) >= {_BEFORE} ORDER BY _structure
            """
        ).to_arrow_table()
    for row in table.to_pylist():
        for name in watched:
            now, before = row[name] / row["_rows"], float(row[f"{name}_before"]) / float(row["_before"])
            if now - before > _GROWTH:
                yield f"{row['_structure'] or contract.name} {name}: {now:.0%} empty, {before:.0%} before"
