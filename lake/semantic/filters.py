"""Structured filters: a field, an operator and values. A value never becomes part of a statement.

MetricFlow takes a filter as text. What it gets is text of our own with a placeholder literal for each value; in the SQL
that it plans, the placeholder is replaced by a parameter of a prepared statement, and the value travels beside the
statement. So the same filter with other values is the same plan, and no value can change what is asked.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Literal, get_args

from lake.errors import QueryError

Op = Literal[
    "=", "!=", "in", "not in", "<", "<=", ">", ">=", "between", "is null", "is not null", "contains", "starts with"
]
Value = str | int | float | Decimal | bool | date | datetime | None

OPS: tuple[Op, ...] = get_args(Op)

_ONE = {"=", "!=", "<", "<=", ">", ">=", "contains", "starts with"}
_ORDERED = {"<", "<=", ">", ">=", "between", "contains", "starts with"}


@dataclass(frozen=True)
class Filter:
    """Keep the rows whose `field` stands in that relation to the values.

    An empty field (null) is a value like any other: `!= "x"` and `not in` keep it, `= None` and `in (…, None)` find it.
    `between` includes both ends. `contains` and `starts with` compare text as it is written; no sign is special in it.
    """

    field: str
    op: Op
    values: tuple[Value, ...] = ()

    def __post_init__(self) -> None:
        if self.op not in OPS:
            raise QueryError(f"'{self.op}' is not an operator of a filter.", remedy=f"Operators: {', '.join(OPS)}.")
        if isinstance(self.values, str) or not isinstance(self.values, Sequence):
            raise QueryError(
                f"The values of a filter on '{self.field}' are not a list.", remedy="Give a tuple of values."
            )
        object.__setattr__(self, "values", tuple(self.values))
        if nested := [v for v in self.values if not isinstance(v, str | int | float | Decimal | date | None)]:
            raise QueryError(
                f"A filter on '{self.field}' can't compare with a {type(nested[0]).__name__}.",
                remedy="Values are text, numbers, dates, true, false or none.",
            )
        wanted = 1 if self.op in _ONE else 2 if self.op == "between" else 0 if self.op.startswith("is ") else None
        if wanted is None and not self.values:
            raise QueryError(
                f"'{self.field} {self.op}' needs at least one value.", remedy="Leave the filter out to keep all rows."
            )
        if wanted is not None and len(self.values) != wanted:
            raise QueryError(f"'{self.field} {self.op}' takes {wanted} value(s), not {len(self.values)}.")
        if self.op in _ORDERED and None in self.values:
            raise QueryError(
                f"'{self.field} {self.op}' can't compare with nothing.", remedy="Use 'is null' or 'is not null'."
            )

    @property
    def shape(self) -> tuple[str, bool]:
        """All of it that the plan depends on, the field apart: the operator and whether null is among the values."""
        return _shape(self.op, None in self.values, any(v is not None for v in self.values))

    @property
    def bound(self) -> tuple[Value, ...]:
        """The values that become parameters, in order."""
        return tuple(v for v in self.values if v is not None)

    @classmethod
    def parse(cls, text: str) -> Filter:
        """A filter as it is written on a command line.

        `commune=Nantes`, `price_eur>=100`, `commune in Nantes,Brest`, `site_id not in ["S01, A","S02"]`,
        `age between 20,40`, `commune is null`, `name contains opt`.

        Raises:
            QueryError: it can't be read so.
        """
        match = _WRITTEN.fullmatch(text)
        if not match:
            raise QueryError(
                f"The filter '{text}' can't be read.",
                remedy=f"Write field, operator, value; operators: {', '.join(OPS)}.",
            )
        field, sign, word, rest = match["field"], match["sign"], match["word"], match["rest"]
        op = re.sub(r"\s+", " ", (sign or word).lower())
        if op.startswith("is "):
            return cls(field, op, ())  # type: ignore[arg-type]
        if not rest:
            raise QueryError(
                f"The filter '{text}' has no value.",
                remedy=f"For rows without one: '{field} is null'; for empty text: '{field} in [\"\"]'.",
            )
        return cls(field, op, _listed(rest) if op in ("in", "not in", "between") else (rest,))  # type: ignore[arg-type]


_WRITTEN = re.compile(
    r"\s*(?P<field>\w+)\s*(?:(?P<sign>!=|<=|>=|=|<|>)|(?<=\s)(?P<word>not\s+in|in|between|is\s+not\s+null|is\s+null|contains|"
    r"starts\s+with)(?=\s|$|\[))\s*(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)


def _listed(text: str) -> tuple[Value, ...]:
    if text.startswith("["):
        try:
            return tuple(json.loads(text, parse_float=Decimal))
        except (ValueError, TypeError) as error:
            raise QueryError(f"The list '{text}' is not JSON: {error}.", remedy='Write ["a","b"], or a,b.') from error
    return tuple(part.strip() for part in text.split(","))


def _shape(op: str, has_null: bool, has_value: bool) -> tuple[str, bool]:
    if op in ("=", "in"):
        return ("in", has_null) if has_value else ("is null", False)
    if op in ("!=", "not in"):
        return ("not in", has_null) if has_value else ("is not null", False)
    return op, False


def template(shape: tuple[str, bool], field: str, slot: int) -> str:
    """The condition as MetricFlow gets it. `field` is the reference to the dimension, `slot` numbers the values."""
    op, has_null = shape
    value = f"'{placeholder(slot)}'"
    match op:
        case "in":
            return f"({field} IN ({value}) OR {field} IS NULL)" if has_null else f"{field} IN ({value})"
        case "not in":
            return f"{field} NOT IN ({value})" if has_null else f"({field} NOT IN ({value}) OR {field} IS NULL)"
        case "between":
            return f"{field} BETWEEN {value} AND '{placeholder(slot + 1)}'"
        case "is null" | "is not null":
            return f"{field} {op.upper()}"
        case "contains":
            return f"CONTAINS(CAST({field} AS VARCHAR), {value})"
        case "starts with":
            return f"STARTS_WITH(CAST({field} AS VARCHAR), {value})"
        case _:
            return f"{field} {op} {value}"


def slots(shape: tuple[str, bool]) -> int:
    """How many placeholders the condition has. A list has one, which grows to as many parameters as it has values."""
    return {"between": 2, "is null": 0, "is not null": 0}.get(shape[0], 1)


def placeholder(slot: int) -> str:
    return f"__lake_value_{slot}__"


_PLACEHOLDER = re.compile(r"'__lake_value_(\d+)__'")


def fill(sql: str, values: Mapping[int, Sequence[Value]]) -> tuple[str, dict[str, Value]]:
    """Replace each placeholder of a plan by parameters; returns the statement and the parameters that it uses."""
    used: dict[str, Value] = {}

    def parameters(match: re.Match[str]) -> str:
        slot = int(match[1])
        names = {f"v{slot}_{n}": value for n, value in enumerate(values[slot])}
        used.update(names)
        return ", ".join(f"${name}" for name in names)

    return _PLACEHOLDER.sub(parameters, sql), used


def spread(given: Sequence[Filter]) -> dict[int, Sequence[Value]]:
    """The values of each slot, when the conditions' slots are numbered one after the other."""
    values: dict[int, Sequence[Value]] = {}
    for one in given:
        if slots(one.shape) == 2:
            values |= {len(values): one.bound[:1], len(values) + 1: one.bound[1:]}
        elif slots(one.shape):
            values[len(values)] = one.bound
    return values


def coerce(field: str, value: Value, kind: str) -> Value:
    """The value in the type of the column that it is compared with (`kind`, DuckDB's name of it).

    Raises:
        QueryError: it can't be one, such as the date `2024-13-01`.
    """
    if value is None:
        return None
    family = _family(kind)
    try:
        return family.read(value)
    except (ValueError, TypeError, InvalidOperation, OverflowError) as error:
        remedy = f"Write it as {family.example}." if family.example else ""
        raise QueryError(f"'{value}' is not {family.noun}, as '{field}' is.", remedy=remedy) from error


@dataclass(frozen=True)
class _Family:
    """Types of columns that values are read alike for."""

    noun: str
    example: str
    read: Callable[[Value], Value]


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value.isoformat() if isinstance(value, date) else value if isinstance(value, str) else str(value)
    text.encode("utf-8")  # half a surrogate pair is no text that the lake can hold
    return text


def _number(value: Value) -> int | Decimal:
    if isinstance(value, bool | date):
        raise TypeError
    number = Decimal(str(value))
    if not number.is_finite() or abs(number) >= 10**30:
        raise ValueError
    return int(number) if number == number.to_integral_value() else number


def _float(value: Value) -> float:
    number = value if isinstance(value, float) else float(_number(value))
    if math.isnan(number):
        raise ValueError
    return number


_WORDS = {"true": True, "oui": True, "yes": True, "1": True, "false": False, "non": False, "no": False, "0": False}


def _boolean(value: Value) -> bool:
    word = str(value).strip().lower()
    if word not in _WORDS:
        raise ValueError
    return _WORDS[word]


def _date(value: Value) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(str(value).strip())


def _instant(value: Value) -> datetime | date:
    return value if isinstance(value, date) else datetime.fromisoformat(str(value).strip())


_TEXT = _Family("text", "", _text)
_NUMBER = _Family("a number", "12.50", _number)
_FAMILIES = {
    "DOUBLE": _Family("a number", "12.50", _float),
    "FLOAT": _Family("a number", "12.50", _float),
    "BOOLEAN": _Family("true or false", "true", _boolean),
    "DATE": _Family("a date", "2024-12-31", _date),
    "TIMESTAMP": _Family("a time", "2024-12-31T23:59:00", _instant),
    "TIMESTAMP WITH TIME ZONE": _Family("a time", "2024-12-31T23:59:00+01:00", _instant),
}


def _family(kind: str) -> _Family:
    if kind.startswith("DECIMAL") or kind.endswith(("INT", "INTEGER")):
        return _NUMBER
    return _FAMILIES.get(kind, _TEXT)
