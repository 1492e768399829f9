"""Days and instants from text, in bulk and strictly: what is not a date of the calendar is not guessed at.

Formats whose parts have fixed widths (`%d/%m/%Y %H:%M:%S`) are read digit by digit with numpy; what is left
(`1/2/2024`, `%y`, fractions of a second, UTC offsets) goes one distinct value at a time through Python.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_WIDTHS = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2}

#: Always accepted besides the contract's own, since they can't be mistaken for another date.
_ISO = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S.000Z")

#: The years in which a date is believed.
_YEARS = (1800, 2200)

Times = npt.NDArray[np.datetime64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Layout:
    """Where the parts of a fixed-width format are."""

    width: int
    parts: tuple[tuple[str, int], ...]
    literals: tuple[tuple[int, int], ...]
    is_utc: bool


def parse(text: pa.StringArray, formats: Sequence[str]) -> tuple[Times, Mask]:
    """Read instants to the millisecond.

    Args:
        text: Values without blanks around them; null or unreadable ones give NaT.
        formats: As of `strptime`, tried in order, ISO 8601 last.

    Returns:
        The times, and which of them are in UTC (they said so) and not in the file's own zone.
    """
    times = np.full(len(text), np.datetime64("NaT"), "datetime64[ms]")
    in_utc = np.zeros(len(text), np.bool_)
    widths = pc.fill_null(pc.binary_length(text), 0).to_numpy(zero_copy_only=False)
    is_open = widths > 0
    for form in dict.fromkeys((*formats, *_ISO)):
        layout = _layout(form)
        if layout is None:
            continue
        chosen = np.flatnonzero(is_open & (widths == layout.width))
        if len(chosen):
            read = _read(text.take(pa.array(chosen)), layout)
            is_read = ~np.isnat(read)
            times[chosen[is_read]] = read[is_read]
            in_utc[chosen[is_read]] = layout.is_utc
            is_open[chosen[is_read]] = False
    left = np.flatnonzero(is_open)
    if len(left):
        distinct = text.take(pa.array(left)).dictionary_encode()
        found = [_slowly(value, tuple(formats)) for value in distinct.dictionary.to_pylist()]
        index = distinct.indices.to_numpy(zero_copy_only=False)
        times[left] = np.array([t for t, _ in found], "datetime64[ms]")[index]
        in_utc[left] = np.array([u for _, u in found], np.bool_)[index]
    return times, in_utc


def to_utc(times: Times, in_utc: Mask, zone: str) -> pa.Array:
    """Instants in UTC from times of a zone.

    Of an hour that comes twice (clocks go back) the first is meant; a time in the hour that never comes (clocks go
    forward) is the instant at which it would have begun.
    """
    naive = pa.array(times, pa.timestamp("ms"), from_pandas=True)
    local = pc.assume_timezone(naive, zone, ambiguous="earliest", nonexistent="latest").cast(pa.timestamp("ms", "UTC"))
    if not in_utc.any():
        return local
    return pc.if_else(pa.array(in_utc), naive.cast(pa.timestamp("ms", "UTC")), local)


def to_local(times: Times, zone: str) -> Times:
    """What clocks of a zone show at instants in UTC."""
    instant = pa.array(times, pa.timestamp("ms"), from_pandas=True).cast(pa.timestamp("ms", "UTC"))
    local: Times = pc.local_timestamp(instant.cast(pa.timestamp("ms", zone))).to_numpy(zero_copy_only=False)
    return local


@lru_cache(maxsize=256)
def _layout(form: str) -> _Layout | None:
    """The layout of a format, or None if its parts vary in width."""
    at, index = 0, 0
    parts: list[tuple[str, int]] = []
    literals: list[tuple[int, int]] = []
    while index < len(form):
        if form[index] == "%":
            code = form[index + 1 : index + 2]
            if code not in _WIDTHS:
                return None
            parts.append((code, at))
            at += _WIDTHS[code]
            index += 2
        else:
            if not form[index].isascii():
                return None
            literals.append((at, ord(form[index])))
            at += 1
            index += 1
    codes = [code for code, _ in parts]
    if len(set(codes)) != len(codes) or not {"Y", "m", "d"} <= set(codes):
        return None
    return _Layout(at, tuple(parts), tuple(literals), form.endswith("Z"))


def _read(text: pa.StringArray, layout: _Layout) -> Times:
    """Values of exactly the layout's width, without nulls."""
    offsets = np.frombuffer(text.buffers()[1], np.int32)
    start = int(offsets[text.offset])
    data = np.frombuffer(text.buffers()[2], np.uint8, len(text) * layout.width, start)
    bytes_ = data.reshape(len(text), layout.width)
    good = np.ones(len(text), np.bool_)
    for at, byte in layout.literals:
        good &= bytes_[:, at] == byte
    number = {"H": 0, "M": 0, "S": 0}
    for code, at in layout.parts:
        value = np.zeros(len(text), np.int64)
        for digit in range(at, at + _WIDTHS[code]):
            figure = bytes_[:, digit].astype(np.int64) - 48
            good &= (figure >= 0) & (figure <= 9)
            value = value * 10 + figure
        number[code] = value  # type: ignore[assignment]
    good &= (number["Y"] >= _YEARS[0]) & (number["Y"] <= _YEARS[1]) & (number["m"] >= 1) & (number["m"] <= 12)
    good &= (np.asarray(number["H"]) < 24) & (np.asarray(number["M"]) < 60) & (np.asarray(number["S"]) < 60)
    month = np.where(good, (number["Y"] - 1970) * 12 + number["m"] - 1, 0).astype("datetime64[M]")
    day = month.astype("datetime64[D]") + np.where(good, number["d"] - 1, 0)
    good &= day.astype("datetime64[M]") == month
    seconds = (number["H"] * 60 + number["M"]) * 60 + number["S"]
    times: Times = day.astype("datetime64[ms]") + np.where(good, seconds * 1000, 0)
    times[~good] = np.datetime64("NaT")
    return times


@lru_cache(maxsize=65536)
def _slowly(value: str, formats: tuple[str, ...]) -> tuple[datetime | None, bool]:
    """One value, by `strptime` where parts are set apart (it guesses where they touch), then by ISO 8601."""
    if not value[0].isdigit():
        return None, False
    for form in formats:
        if "%" in form and not any(form[i + 2 : i + 3] == "%" for i in range(len(form)) if form[i] == "%"):
            try:
                return _in_utc(datetime.strptime(value, form), form.endswith("Z"))
            except ValueError:
                continue
    try:
        iso = datetime.fromisoformat(value) if value[4:5] == "-" and value[7:8] == "-" else None
    except ValueError:
        iso = None
    return _in_utc(iso, is_utc=False) if iso is not None else (None, False)


def _in_utc(time: datetime, is_utc: bool) -> tuple[datetime | None, bool]:
    if not _YEARS[0] <= time.year <= _YEARS[1]:
        return None, False
    if time.tzinfo is not None:
        return time.astimezone(UTC).replace(tzinfo=None), True
    return time, is_utc
