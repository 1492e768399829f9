"""JSON objects → columns of text: nested objects by dotted names, numbers with all their digits."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from lake.readers.chunk import text_table
from lake.readers.values import as_text, number_writer


class Rows:
    """Objects gathered for one table."""

    def __init__(self, decimal: str) -> None:
        self._decimal = decimal
        number = number_writer(decimal)
        self._decoder = json.JSONDecoder(parse_float=number, parse_int=str, parse_constant=lambda name: None)
        self._rows: list[dict[str, str | None]] = []

    def add(self, text: str) -> bool:
        """Add the object that `text` is; False if it is none."""
        try:
            value = self._decoder.decode(text)
        except (ValueError, RecursionError):
            return False
        if not isinstance(value, dict):
            return False
        self.add_object(value)
        return True

    def add_object(self, value: dict[str, Any]) -> None:
        """Add an object decoded already."""
        self._rows.append(self._flat(value))

    def table(self) -> pa.Table:
        names = list(dict.fromkeys(name for row in self._rows for name in row))
        return text_table(names, [[row.get(name) for row in self._rows] for name in names], len(self._rows))

    def _flat(self, value: dict[str, Any], prefix: str = "") -> dict[str, str | None]:
        row: dict[str, str | None] = {}
        for key, item in value.items():
            if item is None or item.__class__ is str:
                row[prefix + key] = item
            elif item.__class__ is dict:
                row.update(self._flat(item, f"{prefix}{key}."))
            else:
                row[prefix + key] = as_text(item, self._decimal)
        return row
