"""Values that a format types itself (JSON, sheets, Parquet), as text in the contract's own dialect.

So that every format reaches the same checks. Numbers keep all their digits; days and instants are written as ISO 8601,
which landing always accepts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

#: Of an exponent that is written out, its sign included: `1e+308` has four.
_EXPONENT_CHARACTERS = 4


def number_writer(decimal: str) -> Callable[[str], str]:
    """From a number as JSON writes it (`-12.50`, `1e3`) to the contract's decimal mark, exactly.

    One whose exponent no field has room for (`1e999999999` would fill the memory) stays as it is written.
    """

    def write(number: str) -> str:
        exponent = number.lower().partition("e")[2]
        plain = number
        if exponent and len(exponent) <= _EXPONENT_CHARACTERS:
            plain = format(Decimal(number), "f")
        return plain if decimal == "." else plain.replace(".", decimal)

    return write


def as_text(value: Any, decimal: str) -> str | None:
    """One value as text; None stays None, lists and objects become JSON."""
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            # A sheet's numbers are doubles with 15 true digits: 0.1 + 0.2 is 0.3.
            return number_writer(decimal)(f"{value:.15g}")
        case Decimal():
            return number_writer(decimal)(str(value))
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
        case _:
            return json.dumps(value, ensure_ascii=False, default=str)


def json_line(row: Mapping[str, Any]) -> bytes:
    """A row as a line of JSON that `jsonl` reads to the same text; numbers keep all their digits."""
    parts = [f"{json.dumps(key, ensure_ascii=False)}: {_literal(value)}" for key, value in row.items()]
    return ("{" + ", ".join(parts) + "}\n").encode()


def _literal(value: Any) -> str:
    if isinstance(value, float) and not isinstance(value, bool):
        return f"{value:.15g}" if value == value and abs(value) != float("inf") else "null"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bool | int | str | None):
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(as_text(value, "."), ensure_ascii=False)
