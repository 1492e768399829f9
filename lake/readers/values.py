"""Values that a format types itself (JSON, sheets, Parquet), as text in the contract's own dialect.

So that every format reaches the same checks. Numbers keep all their digits; days and instants are written as ISO 8601,
which landing always accepts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

#: Of an exponent that is written out, its sign included: `1e+308` has four.
_EXPONENT_CHARACTERS = 4

_WHOLE = re.compile(r"^(-?\d+)\.0+$")
_PLAIN = re.compile(r"-?\d+(\.\d+)?")


class Rounded(str):
    """A number whose `literal` has an exponent that stands for digits it does not give: 9.00001E+14, in full here.

    As an amount it is what it says; of an identity the digits are lost.
    """

    def __new__(cls, text: str, literal: str) -> Rounded:
        made = super().__new__(cls, text)
        made.literal = literal
        return made

    literal: str


def number_writer(decimal: str) -> Callable[[str], str]:
    """From a number as JSON writes it (`-12.50`, `1e3`, `7.0`) to the contract's decimal mark, exactly.

    A whole one is written without decimals, as in every format. One whose exponent no field has room for (`1e999999999`
    would fill the memory) stays as it is written.
    """

    def write(number: str) -> str:
        exponent = number.lower().partition("e")[2]
        plain = number
        if exponent and len(exponent) <= _EXPONENT_CHARACTERS:
            value = Decimal(number)
            plain = format(value, "f")
            if int(value.as_tuple().exponent) > 0:
                return Rounded(plain, number)
        plain = _WHOLE.sub(r"\1", plain)
        return plain if decimal == "." else plain.replace(".", decimal)

    return write


def decoder(decimal: str) -> json.JSONDecoder:
    """Of JSON whose numbers come as text. NaN is how programs write a missing number; an infinite one stays a fault."""
    return json.JSONDecoder(
        parse_float=number_writer(decimal), parse_int=str, parse_constant=lambda name: None if name == "NaN" else name
    )


def double_text(value: float, decimal: str, exact: int = 1 << 53) -> str | None:
    """A binary number as text: its 15 true digits (0.1 + 0.2 is 0.3), or all of a whole one.

    None is what programs store as NaN. A whole number from `exact` on has digits that nobody gave: it is left with an
    exponent, which no field takes.
    """
    if value != value:
        return None
    if value.is_integer():
        return str(int(value)) if abs(value) < exact else f"{value:.14e}"
    return number_writer(decimal)(f"{value:.15g}")


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
            return double_text(value, decimal)
        case Decimal():
            return number_writer(decimal)(format(value, "f"))
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            seconds = value // timedelta(seconds=1)
            return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        case _:
            return json.dumps(value, ensure_ascii=False, default=str)


def json_line(row: Mapping[str, Any]) -> bytes:
    """A row as a line of JSON that `jsonl` reads to the same text; numbers keep all their digits."""
    parts = [f"{json.dumps(key, ensure_ascii=False)}: {_literal(value)}" for key, value in row.items()]
    return ("{" + ", ".join(parts) + "}\n").encode()


def _literal(value: Any) -> str:
    if isinstance(value, float):
        text = double_text(value, ".")
        return text if text is not None and _PLAIN.fullmatch(text) else json.dumps(text)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bool | int | str | None):
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(as_text(value, "."), ensure_ascii=False)
