"""JSON objects → columns of text: nested objects by dotted names, numbers with all their digits."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from lake.contracts import Contract
from lake.readers.chunk import text_table
from lake.readers.columns import match
from lake.readers.values import Rounded, as_text, decoder

NO_TEXT = "row: not a JSON object, or with text that is none"

#: Keys that no field asks for: this many of a table are read, however many there are.
_EXTRA = 100


class Rows:
    """Objects gathered for one table. Of keys that no field asks for, the table has a few."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._decimal = contract.reading.decimal
        self._decoder = decoder(self._decimal)
        self._rows: list[dict[str, str | None]] = []
        self._has_rounded = False

    def add(self, text: str) -> bool:
        """Add the object that `text` is; False if it is none."""
        try:
            value = self._decoder.decode(text)
        except (ValueError, RecursionError):
            return False
        return isinstance(value, dict) and self.add_object(value, text)

    def add_object(self, value: dict[str, Any], text: str) -> bool:
        """Add an object decoded already from `text`; False if a part of it is no text, or is nested beyond measure."""
        try:
            row = self._flat(value)
            if "\\ud" in text or "\\uD" in text:
                "".join((*row, *filter(None, row.values()))).encode()  # Half of a pair: programs cut in a character.
        except (UnicodeEncodeError, RecursionError):
            return False
        self._rows.append(row)
        return True

    def table(self) -> pa.Table:
        names = list(dict.fromkeys(name for row in self._rows for name in row))
        wanted = set(match(names, self._contract).found.values())
        extra = [name for at, name in enumerate(names) if at not in wanted][:_EXTRA]
        names = [*(name for at, name in enumerate(names) if at in wanted), *extra]
        if self._has_rounded:
            self._keep_literals(names)
        return text_table(names, [[row.get(name) for row in self._rows] for name in names], len(self._rows))

    def _keep_literals(self, names: list[str]) -> None:
        """Numbers whose digits were lost stay as they were written where a text is wanted: codes, identities."""
        found = match(names, self._contract).found
        for name in {names[at] for field, at in found.items() if self._contract.field(field).kind == "string"}:
            for row in self._rows:
                if isinstance(value := row.get(name), Rounded):
                    row[name] = value.literal

    def _flat(self, value: dict[str, Any], prefix: str = "") -> dict[str, str | None]:
        row: dict[str, str | None] = {}
        for key, item in value.items():
            if item is None or item.__class__ is str:
                row[prefix + key] = item
            elif item.__class__ is dict:
                row.update(self._flat(item, f"{prefix}{key}."))
            else:
                row[prefix + key] = as_text(item, self._decimal)
                self._has_rounded |= item.__class__ is Rounded
        return row
