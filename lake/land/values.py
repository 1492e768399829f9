"""Columns of text → columns of a field's type, in bulk. Money is exact: no value passes through a float.

Every function takes clean text (`clean`) and returns the typed column, null where there was nothing or nonsense, and
the faults: a few words, without any value, and the rows they are about.
"""

from __future__ import annotations

import unicodedata
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lake.contracts import Field, Reading
from lake.land import instants
from lake.land.instants import Mask
from lake.text import fold

Faults = list[tuple[str, Mask]]

_YES = {"oui", "o", "true", "vrai", "1", "yes", "y", "x"}
_NO = {"non", "n", "false", "faux", "0", "no"}

_BLANKS = r"[\s\x{00a0}\x{2007}\x{2009}\x{202f}]"


def clean(column: pa.ChunkedArray | pa.Array) -> pa.StringArray:
    """Text without blanks of any kind around it, composed (NFC); nothing is null."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    text = pc.utf8_trim_whitespace(array)
    if pc.any(pc.match_substring_regex(text, r"\p{M}"), min_count=0).as_py():
        # Arrow 25 composes nothing: its utf8_normalize gives the decomposed form whatever it is asked.
        text = pa.array([t and unicodedata.normalize("NFC", t) for t in text.to_pylist()], pa.string())
    return pc.replace_with_mask(text, pc.fill_null(pc.equal(text, ""), False), pa.scalar(None, pa.string()))


def typed(text: pa.StringArray, field: Field, reading: Reading) -> tuple[pa.Array, Faults]:
    """The column of a field from its clean text."""
    if field.values:
        text = _mapped(text, field)
    match field.kind:
        case "string":
            return text, []
        case "decimal":
            return _decimal(text, field, reading)
        case "integer":
            return _integer(text)
        case "double":
            return _double(text, reading)
        case "boolean":
            return _boolean(text)
        case "date":
            return _date(text, reading)
        case "timestamp":
            return _timestamp(text, reading)


def mask(condition: pa.Array) -> Mask:
    """A boolean column as a numpy mask; null is False."""
    result: Mask = pc.fill_null(condition, False).to_numpy(zero_copy_only=False)
    return result


def _mapped(text: pa.StringArray, field: Field) -> pa.StringArray:
    """The contract's spellings replaced, exact ones first, then however they are spelt."""
    exact = {key: _as_text(value) for key, value in field.values}
    loose = {fold(key): value for key, value in exact.items()}
    distinct = text.dictionary_encode()
    replaced = [
        exact[value] if value in exact else loose.get(fold(value), value) for value in distinct.dictionary.to_pylist()
    ]
    return pa.array(replaced, pa.string()).take(distinct.indices)


def _as_text(value: Any) -> str | None:
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _decimal(text: pa.StringArray, field: Field, reading: Reading) -> tuple[pa.Array, Faults]:
    number = _number(text, reading.decimal)
    whole = 18 - field.scale
    is_number = mask(pc.match_substring_regex(number, r"^[+-]?(\d+(\.\d+)?|\.\d+)$"))
    fits = mask(pc.match_substring_regex(number, rf"^[+-]?0*\d{{0,{whole}}}(\.\d{{0,{field.scale}}}0*)?$")) & is_number
    # Arrow reads at most 38 digits: superfluous zeros go.
    lean = pc.replace_substring_regex(pc.if_else(pa.array(fits), number, None), r"^([+-]?)0+(\d)", r"\1\2")
    lean = pc.replace_substring_regex(lean, rf"(\.\d{{{field.scale}}})0+$", r"\1")
    has_text = mask(pc.is_valid(text))
    faults = [
        ("not a number", has_text & ~is_number),
        (f"more than {field.scale} decimals or {whole} digits", is_number & ~fits),
    ]
    return pc.cast(lean, pa.decimal128(18, field.scale)), faults


def _integer(text: pa.StringArray) -> tuple[pa.Array, Faults]:
    number = pc.replace_substring_regex(_number(text, ","), r"^([+-]?\d+)\.0+$", r"\1")
    is_whole = mask(pc.match_substring_regex(number, r"^[+-]?\d{1,18}$"))
    number = pc.replace_substring_regex(pc.if_else(pa.array(is_whole), number, None), r"^\+", "")
    return pc.cast(number, pa.int64()), [("not a whole number", mask(pc.is_valid(text)) & ~is_whole)]


def _double(text: pa.StringArray, reading: Reading) -> tuple[pa.Array, Faults]:
    # A point is a point here even where money has a comma: co-ordinates come with either.
    number = _number(pc.replace_substring(text, ".", reading.decimal), reading.decimal)
    is_number = mask(pc.match_substring_regex(number, r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"))
    number = pc.replace_substring_regex(pc.if_else(pa.array(is_number), number, None), r"^\+", "")
    return pc.cast(number, pa.float64()), [("not a number", mask(pc.is_valid(text)) & ~is_number)]


def _number(text: pa.StringArray, decimal: str) -> pa.StringArray:
    """Without blanks between thousands, the sign in front, and a point as decimal mark; another point is a fault."""
    if pc.any(pc.match_substring_regex(text, _BLANKS), min_count=0).as_py():
        text = pc.replace_substring_regex(text, _BLANKS, "")
    if pc.any(pc.match_substring_regex(text, "[+-]$"), min_count=0).as_py():
        text = pc.replace_substring_regex(text, r"^([^+-]+)([+-])$", r"\2\1")
    if decimal != ".":
        text = pc.replace_substring(pc.replace_substring(text, ".", "?"), decimal, ".")
    return text


def _boolean(text: pa.StringArray) -> tuple[pa.Array, Faults]:
    distinct = text.dictionary_encode()
    read = [_yes_or_no(value) for value in distinct.dictionary.to_pylist()]
    values = pa.array(read, pa.bool_()).take(distinct.indices)
    return values, [("not yes or no", mask(pc.is_valid(text)) & mask(pc.is_null(values)))]


def _yes_or_no(value: str | None) -> bool | None:
    word = fold(value or "")
    return True if word in _YES else False if word in _NO else None


def _date(text: pa.StringArray, reading: Reading) -> tuple[pa.Array, Faults]:
    times, _ = instants.parse(text, reading.dates)
    days = times.astype("datetime64[D]")
    is_day = ~np.isnat(times) & (days.astype("datetime64[ms]") == times)
    days[~is_day] = np.datetime64("NaT")
    return pa.array(days, pa.date32(), from_pandas=True), [("not a date", mask(pc.is_valid(text)) & ~is_day)]


def _timestamp(text: pa.StringArray, reading: Reading) -> tuple[pa.Array, Faults]:
    times, in_utc = instants.parse(text, reading.timestamps)
    faults = [("not a date and time", mask(pc.is_valid(text)) & np.isnat(times))]
    return instants.to_utc(times, in_utc, reading.zone), faults
