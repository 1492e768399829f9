"""A sink that keeps what a line of the sample delivers, without dirt and without files."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

from lake.contracts import contract
from lake.sample.truth import Truth
from lake.sample.world import World


class Kept:
    """What was delivered, by source, in the types of its contract, and the truth about it."""

    def __init__(self) -> None:
        self.truth = Truth()
        self.parts: dict[str, list[pa.Table]] = {}
        #: The first rows of a source and what correcting them gives.
        self.corrections: dict[str, tuple[pa.Table, pa.Table]] = {}

    def deliver(self, source: str, structure_id: str, table: pa.Table, *, correct: Any = None, **_: Any) -> pa.Table:
        names = [f.name for f in contract(source).fields if f.name in table.column_names]
        assert set(table.column_names) <= set(names)
        table = table.select(names).cast(pa.schema([(n, contract(source).field(n).arrow_type) for n in names]))
        if correct and len(table) and source not in self.corrections:
            self.corrections[source] = (table, correct(table, World(1, 1).rng("corrections")))
        own = pa.array([structure_id] * len(table), pa.string())
        mine = table if "structure_id" in names else table.append_column("structure_id", own)
        self.parts.setdefault(source, []).append(mine)
        return table

    def __getitem__(self, source: str) -> pa.Table:
        return pa.concat_tables(self.parts[source])

    def total(self, line: str, metric: str) -> Decimal:
        by_structure = self.truth.document()["headline"][line]
        return sum((Decimal(v) for m in by_structure.values() for v in m.get(metric, {}).values()), Decimal(0))

    def rate(self, line: str, numerator: str, denominator: str) -> float:
        return float(self.total(line, numerator) / self.total(line, denominator))

    def assert_keys_are_unique(self, source: str) -> None:
        """Over all structures."""
        table = self[source]
        keys = [f.name for f in contract(source).key]
        assert table.group_by(keys).aggregate([]).num_rows == table.num_rows > 0


#: The last day of the data of tests.
UNTIL = date(2025, 12, 31)


def made(line: Any, records: int, seed: int, until: date = UNTIL) -> Kept:
    """What a line's module delivers of a group of so many records."""
    kept = Kept()
    line.generate(World(records, seed, until), kept)
    return kept
