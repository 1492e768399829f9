"""Columns of text → columns of a field's type, in bulk. Money is exact: no value passes through a float.

Every function takes clean text (`clean`) and returns the typed column, null where there was nothing or nonsense, and
the faults: a few words, without any value, and the rows they are about. A value means the same in every format: what
programs make of numbers, days and times (noise of doubles, `1234.0`, midnight, seconds of a time) is taken back here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lake.contracts import Field, Reading
from lake.land import instants
from lake.land.identity import one_writing
from lake.land.instants import Mask
from lake.text import fold

Faults = list[tuple[str, Mask]]

_YES = {"oui", "o", "true", "vrai", "1", "yes", "y", "x"}
_NO = {"non", "n", "false", "faux", "0", "no"}
_WHOLE = re.compile(r"^(\d)[.,]0+$")

#: How programs write the midnight that a day begins with.
_MIDNIGHTS = ("", " %H:%M:%S", " %H:%M", "T%H:%M:%S", " %H:%M:%S.%f")

_BLANKS = r"[\s\x{00a0}\x{2007}\x{2009}\x{202f}]"

#: What a spreadsheet shows, in English or French, instead of a value that it could not compute or could not fit in.
_SHEET_ERROR = r"^(#[A-ZÀ-Ü0-9/_ ]+[!?]|#N/[AD]|#GETTING_DATA|#{2,}|Err:\d{3})$"

#: Doubles have 15 true decimal digits. Sums of them drift by more, but by less than this share of a field's last digit.
_TRUE_DIGITS = 15
_DRIFT = Decimal("1e-5")

#: Characters of the longest number that is looked at for noise.
_LONGEST_NUMBER = 400


class Typed(NamedTuple):
    """A column in its field's type. `rounded` are the rows whose value had more decimals than the field holds."""

    values: pa.Array
    faults: Faults
    rounded: Mask | None = None


def clean(column: pa.ChunkedArray | pa.Array) -> pa.StringArray:
    """Text without blanks of any kind around it, composed (NFC); nothing is null."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    text = pc.utf8_trim_whitespace(array)
    if pc.any(pc.match_substring_regex(text, r"\p{M}"), min_count=0).as_py():
        # Arrow 25 composes nothing: its utf8_normalize gives the decomposed form whatever it is asked.
        text = pa.array([t and unicodedata.normalize("NFC", t) for t in text.to_pylist()], pa.string())
    return pc.replace_with_mask(text, pc.fill_null(pc.equal(text, ""), False), pa.scalar(None, pa.string()))


def typed(text: pa.StringArray, field: Field, reading: Reading) -> Typed:
    """The column of a field from its clean text."""
    is_error = mask(pc.match_substring_regex(text, _SHEET_ERROR))
    if is_error.any():
        is_error &= ~mask(pc.is_in(text, pa.array([spelling for spelling, _ in field.values], pa.string())))
        text = pc.if_else(pa.array(is_error), None, text)
    if field.values:
        text = _mapped(text, field)
    result = _typed(text, field, reading)
    return result._replace(faults=[*result.faults, ("an error of the spreadsheet", is_error)])


def _typed(text: pa.StringArray, field: Field, reading: Reading) -> Typed:
    match field.kind:
        case "string" if field.personal == "pseudonym":
            return Typed(*one_writing(text, field))
        case "string":
            return Typed(_time_of_day(text, field), [])
        case "decimal":
            return _decimal(text, field, reading)
        case "integer":
            return Typed(*_integer(text, reading))
        case "double":
            return Typed(*_double(text, reading))
        case "boolean":
            return Typed(*_boolean(text))
        case "date":
            return Typed(*_date(text, field, reading))
        case "timestamp":
            return Typed(*_timestamp(text, reading))


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


#: A number with a point as decimal mark.
_NUMBER = r"^[+-]?(\d+(\.\d+)?|\.\d+)$"


def _time_of_day(text: pa.StringArray, field: Field) -> pa.StringArray:
    """Times without their seconds of zero and with two digits for the hour, where the field's pattern wants it so."""
    if field.pattern is None:
        return text
    is_other = pc.invert(pc.match_substring_regex(text, field.pattern))
    if not mask(is_other).any():
        return text
    short = pc.replace_substring_regex(text, r"^(\d{1,2}:\d{2})(:00(\.0+)?)?$", r"\1")
    short = pc.replace_substring_regex(short, r"^(\d):", r"0\1:")
    return pc.if_else(pc.and_(is_other, pc.match_substring_regex(short, field.pattern)), short, text)


def _decimal(text: pa.StringArray, field: Field, reading: Reading) -> Typed:
    number = _number(text, reading.decimal)
    whole = 18 - field.scale
    is_number = mask(pc.match_substring_regex(number, _NUMBER))
    number, is_rounded = _without_noise(number, is_number, field.scale, is_computed=field.rounding)
    fits = mask(pc.match_substring_regex(number, rf"^[+-]?0*\d{{0,{whole}}}(\.\d{{0,{field.scale}}}0*)?$")) & is_number
    # Arrow reads at most 38 digits: superfluous zeros go.
    lean = pc.replace_substring_regex(pc.if_else(pa.array(fits), number, None), r"^([+-]?)0+(\d)", r"\1\2")
    lean = pc.replace_substring_regex(lean, rf"(\.\d{{{field.scale}}})0+$", r"\1")
    has_text = mask(pc.is_valid(text))
    faults = [
        ("not a number", has_text & ~is_number),
        (f"more than {field.scale} decimals or {whole} digits", is_number & ~fits),
    ]
    return Typed(pc.cast(lean, pa.decimal128(18, field.scale)), faults, is_rounded & fits)


def _integer(text: pa.StringArray, reading: Reading) -> tuple[pa.Array, Faults]:
    # The other mark counts as well, unless it may stand between thousands.
    other = r"\?" if reading.decimal == "," else ","
    number = pc.replace_substring_regex(
        _number(text, reading.decimal), rf"^([+-]?\d+)(\.0+|{other}(0{{1,2}}|0{{4,}}))$", r"\1"
    )
    number, _ = _without_noise(number, mask(pc.match_substring_regex(number, _NUMBER)), 0)
    is_whole = mask(pc.match_substring_regex(number, r"^[+-]?\d{1,18}$"))
    number = pc.replace_substring_regex(pc.if_else(pa.array(is_whole), number, None), r"^\+", "")
    return pc.cast(number, pa.int64()), [("not a whole number", mask(pc.is_valid(text)) & ~is_whole)]


def _double(text: pa.StringArray, reading: Reading) -> tuple[pa.Array, Faults]:
    # A point is a point here even where money has a comma: co-ordinates come with either.
    number = _number(pc.replace_substring(text, ".", reading.decimal), reading.decimal)
    is_number = mask(pc.match_substring_regex(number, r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"))
    number = pc.replace_substring_regex(pc.if_else(pa.array(is_number), number, None), r"^\+", "")
    is_long = mask(pc.greater(pc.binary_length(number), _TRUE_DIGITS))
    number = _replaced(number, is_long, lambda value: f"{float(value):.{_TRUE_DIGITS}g}")
    return pc.cast(number, pa.float64()), [("not a number", mask(pc.is_valid(text)) & ~is_number)]


def _without_noise(
    number: pa.StringArray, is_number: Mask, scale: int, *, is_computed: bool = False
) -> tuple[pa.StringArray, Mask]:
    """Numbers with more decimals than `scale` whose excess is nothing but the noise of doubles, without it.

    Args:
        number: With a point as decimal mark.
        is_number: Which of them are numbers.
        scale: Decimals that can be kept.
        is_computed: Round the others too.

    Returns:
        The numbers, and which of them were rounded that were no noise.
    """
    excess = rf"\.\d{{{scale}}}0*[1-9]\d*$"
    is_long = is_number & mask(pc.match_substring_regex(number, excess))
    is_long &= mask(pc.less_equal(pc.binary_length(number), _LONGEST_NUMBER))
    is_rounded = np.zeros(len(number), np.bool_)
    if not is_long.any():
        return number, is_rounded
    cleaned = _replaced(number, is_long, lambda value: _true_value(Decimal(value), scale))
    if is_computed:
        is_rounded = is_long & mask(pc.match_substring_regex(cleaned, excess))
        cleaned = _replaced(cleaned, is_rounded, lambda value: f"{_to_scale(Decimal(value), scale):f}")
    return cleaned, is_rounded


def _true_value(number: Decimal, scale: int) -> str:
    """A number at its scale if it differs from that by noise only, else as it is."""
    true = Context(_TRUE_DIGITS, ROUND_HALF_UP).plus(number) if len(number.as_tuple().digits) > _TRUE_DIGITS else number
    kept = _to_scale(true, scale)
    return f"{kept:f}" if abs(true - kept) <= _DRIFT.scaleb(-max(scale, 2)) else f"{number:f}"


def _to_scale(number: Decimal, scale: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-scale), context=Context(_LONGEST_NUMBER + 20, ROUND_HALF_UP))


def _replaced(text: pa.StringArray, chosen: Mask, by: Callable[[str], str]) -> pa.StringArray:
    """Some values replaced, each distinct one once."""
    if not chosen.any():
        return text
    distinct = text.filter(pa.array(chosen)).dictionary_encode()
    made = pa.array([by(value) for value in distinct.dictionary.to_pylist()], pa.string()).take(distinct.indices)
    return pc.replace_with_mask(text, pa.array(chosen), made)


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
    word = _WHOLE.sub(r"\1", fold(value or ""))
    return True if word in _YES else False if word in _NO else None


def _date(text: pa.StringArray, field: Field, reading: Reading) -> tuple[pa.Array, Faults]:
    times, in_utc = instants.parse(text, [form + time for time in _MIDNIGHTS for form in reading.dates])
    days = times.astype("datetime64[D]")
    is_day = ~np.isnat(times) & (days.astype("datetime64[ms]") == times)
    if (elsewhere := in_utc & ~is_day & ~np.isnat(times)).any():
        # Midnight of the file's own zone, told in UTC.
        local = instants.to_local(times, reading.zone)
        is_midnight = elsewhere & (local.astype("datetime64[D]").astype("datetime64[ms]") == local)
        days[is_midnight] = local.astype("datetime64[D]")[is_midnight]
        is_day |= is_midnight
    days[~is_day] = np.datetime64("NaT")
    faults = [("not a date", mask(pc.is_valid(text)) & ~is_day)]
    if field.form == "first of month":
        is_first = days.astype("datetime64[M]").astype("datetime64[D]") == days
        faults.append(("not the first day of a month", is_day & ~is_first))
    return pa.array(days, pa.date32(), from_pandas=True), faults


def _timestamp(text: pa.StringArray, reading: Reading) -> tuple[pa.Array, Faults]:
    times, in_utc = instants.parse(text, (*reading.timestamps, *reading.dates))
    faults = [("not a date and time", mask(pc.is_valid(text)) & np.isnat(times))]
    return instants.to_utc(times, in_utc, reading.zone), faults
