"""Text → typed values: exact, strict, and every fault named without the value."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.contracts import Field, Reading
from lake.land import instants
from lake.land.values import clean, typed

READING = Reading(format="csv")


def value(text: str | None, kind: Any, reading: Reading = READING, **rules: Any) -> tuple[Any, list[str]]:
    """What one text becomes, and its faults."""
    field = Field("f", "f", kind, "x", **rules)
    column, faults, _ = typed(clean(pa.array([text], pa.string())), field, reading)
    return column.to_pylist()[0], [what for what, where in faults if where[0]]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1234,5", "1234.50"),
        ("1 234,50", "1234.50"),
        ("1\u00a0234,50", "1234.50"),
        ("1\u202f234\u202f567,8", "1234567.80"),
        ("-12,30", "-12.30"),
        ("12,30-", "-12.30"),
        ("+5", "5.00"),
        (",5", "0.50"),
        ("0000000000000000000000000000000000000000012,30", "12.30"),
        ("12,3000000000000000000000000000000000000000000", "12.30"),
        ("9999999999999999,99", "9999999999999999.99"),
        ("-0,01", "-0.01"),
    ],
)
def test_amounts_are_exact(text: str, amount: str) -> None:
    assert value(text, "decimal") == (Decimal(amount), [])


@pytest.mark.parametrize("text", ["12.50", "(12,50)", "12,50 €", "douze", "1,2,3", "1e3", "--5", "5+-", ",", "-", "1,"])
def test_what_is_no_amount_is_not_guessed_at(text: str) -> None:
    assert value(text, "decimal") == (None, ["not a number"])


def test_an_amount_is_never_rounded() -> None:
    assert value("12,345", "decimal") == (None, ["more than 2 decimals or 16 digits"])
    assert value("12345678901234567,00", "decimal")[1] == ["more than 2 decimals or 16 digits"]
    assert value("12,345", "decimal", scale=3) == (Decimal("12.345"), [])


def test_a_decimal_point_counts_where_the_contract_says_so() -> None:
    assert value("12.50", "decimal", Reading(format="csv", decimal=".")) == (Decimal("12.50"), [])
    assert value("12,50", "decimal", Reading(format="csv", decimal="."))[1] == ["not a number"]


@given(st.decimals(-(10**15), 10**15, places=2))
def test_any_amount_survives(amount: Decimal) -> None:
    assert value(f"{amount:f}".replace(".", ","), "decimal") == (amount, [])


def test_whole_numbers() -> None:
    assert value("1 234", "integer") == (1234, [])
    assert value("12,0", "integer") == (12, [])
    assert value("-7", "integer") == (-7, [])
    assert value("1,5", "integer") == (None, ["not a whole number"])


def test_coordinates_come_with_a_comma_or_a_point() -> None:
    assert value("48,85", "double") == (48.85, [])
    assert value("48.85", "double") == (48.85, [])


@pytest.mark.parametrize(
    ("text", "truth"), [("Oui", True), ("NON", False), ("1", True), ("faux", False), ("true", True)]
)
def test_yes_and_no(text: str, truth: bool) -> None:
    assert value(text, "boolean") == (truth, [])


def test_maybe_is_not_yes() -> None:
    assert value("peut-être", "boolean") == (None, ["not yes or no"])


def test_blank_is_nothing() -> None:
    for kind in ("string", "decimal", "integer", "double", "boolean", "date", "timestamp"):
        assert value(" \u00a0\t", kind) == (None, [])


def test_text_is_trimmed_and_composed() -> None:
    assert value(" \u00a0Cafe\u0301\u202f ", "string") == ("Café", [])


def test_spellings_are_mapped_exactly_first() -> None:
    rules = {"values": (("G", "left"), ("Droite", "right"), ("néant", None))}
    assert value("G", "string", **rules) == ("left", [])
    assert value("droite", "string", **rules) == ("right", [])
    assert value("Néant", "string", **rules) == (None, [])
    assert value("autre", "string", **rules) == ("autre", [])
    assert value("B", "boolean", values=(("B", True),)) == (True, [])


@pytest.mark.parametrize("text", ["12/03/2024", "2024-03-12", "12/3/2024", "2024-03-12T00:00:00"])
def test_days(text: str) -> None:
    assert value(text, "date") == (date(2024, 3, 12), [])


@pytest.mark.parametrize(
    "text",
    ["31/02/2024", "29/02/2023", "00/01/2024", "12/13/2024", "12/03/24", "12-03-2024", "12/03/0024", "x", "2024"],
)
def test_a_day_that_is_not_in_the_calendar_is_not_guessed_at(text: str) -> None:
    assert value(text, "date") == (None, ["not a date"])


def test_days_without_separators() -> None:
    reading = Reading(format="fec", dates=("%Y%m%d",))
    assert value("20240312", "date", reading) == (date(2024, 3, 12), [])
    assert value("2024312", "date", reading) == (None, ["not a date"])
    assert value("20240230", "date", reading) == (None, ["not a date"])


def test_a_leap_day() -> None:
    assert value("29/02/2024", "date") == (date(2024, 2, 29), [])


def test_a_date_with_a_time_is_no_date() -> None:
    assert value("2024-03-12T10:00:00", "date") == (None, ["not a date"])


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("12/03/2024 10:11:12", "2024-03-12T09:11:12"),
        ("12/07/2024 10:11", "2024-07-12T08:11:00"),
        ("2024-03-12T10:11:12Z", "2024-03-12T10:11:12"),
        ("2024-03-12T10:11:12+02:00", "2024-03-12T08:11:12"),
        ("2024-03-12 10:11:12.345", "2024-03-12T09:11:12.345"),
        # Clocks go back at 3 on 27 October: the first 2:30 is meant.
        ("27/10/2024 02:30:00", "2024-10-27T00:30:00"),
        # Clocks go forward at 2 on 31 March: there is no 2:30, it is the instant at which it would have begun.
        ("31/03/2024 02:30:00", "2024-03-31T01:00:00"),
    ],
)
def test_instants_are_kept_in_utc(text: str, instant: str) -> None:
    assert value(text, "timestamp") == (datetime.fromisoformat(instant).replace(tzinfo=UTC), [])


@pytest.mark.parametrize("text", ["12/03/2024 24:00:00", "12/03/2024 10:60:00", "31/04/2024 10:00:00", "soon"])
def test_an_instant_that_is_on_no_clock_is_not_guessed_at(text: str) -> None:
    assert value(text, "timestamp") == (None, ["not a date and time"])


@given(st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31)))
def test_digits_are_read_as_python_reads_them(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    times, in_utc = instants.parse(
        pa.array([moment.strftime("%d/%m/") + f"{moment:%Y %H:%M:%S}".zfill(13)]), READING.timestamps
    )
    assert times[0] == np.datetime64(moment, "ms")
    assert not in_utc[0]


@given(st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))
def test_local_times_return_to_their_instant(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    local = moment.astimezone(ZoneInfo("Europe/Paris"))
    if local.fold == 0:
        assert value(f"{local:%d/%m/%Y %H:%M:%S}", "timestamp") == (moment, [])


def test_parsing_leaves_slices_alone() -> None:
    column = pa.array(["x", "12/03/2024", None, "13/03/2024"]).slice(1)
    times, _ = instants.parse(column, ("%d/%m/%Y",))
    assert [str(t)[:10] for t in times] == ["2024-03-12", "NaT", "2024-03-13"]
