"""Headline figures of a sample table, by year of the event: what `truth.json` says must come out."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc


def count(table: pa.Table, day: str, where: pa.ChunkedArray | pa.Array | None = None) -> dict[int, int]:
    """Rows by year of `day` (those without a day are left out)."""
    years = _years(table, day, where)
    return {row["year"]: row["year_count"] for row in years.group_by("year").aggregate([("year", "count")]).to_pylist()}


def distinct(table: pa.Table, day: str, column: str, where: pa.ChunkedArray | pa.Array | None = None) -> dict[int, int]:
    """Different values of a column by year of `day`."""
    grouped = _years(table, day, where).group_by("year").aggregate([(column, "count_distinct")])
    return {row["year"]: row[f"{column}_count_distinct"] for row in grouped.to_pylist()}


def total(
    table: pa.Table, day: str, column: str, where: pa.ChunkedArray | pa.Array | None = None
) -> dict[int, Decimal]:
    """Sum of a DECIMAL column by year of `day`, exact."""
    years = _years(table, day, where)
    grouped = years.group_by("year").aggregate([(column, "sum")])
    return {row["year"]: row[f"{column}_sum"] or Decimal(0) for row in grouped.to_pylist()}


def _years(table: pa.Table, day: str, where: pa.ChunkedArray | pa.Array | None) -> pa.Table:
    kept = table if where is None else table.filter(where)
    kept = kept.append_column("year", pc.year(kept[day]))
    return kept.filter(pc.is_valid(kept["year"]))
