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


@pytest.mark.parametrize("text", ["oui", "O", "True", "VRAI", "1", "yes", "Y", "x", "1.0", "1,0"])
def test_the_words_for_yes(text: str) -> None:
    assert value(text, "boolean") == (True, [])


@pytest.mark.parametrize("text", ["non", "N", "False", "FAUX", "0", "no", "0.0", "0,00"])
def test_the_words_for_no(text: str) -> None:
    assert value(text, "boolean") == (False, [])


@pytest.mark.parametrize("text", ["2", "10", "1.5", "-", "ok", "on", "t"])
def test_other_words_are_neither(text: str) -> None:
    assert value(text, "boolean") == (None, ["not yes or no"])


def test_an_exact_spelling_comes_before_a_loose_one() -> None:
    rules = {"values": (("D", "right"), ("d", "left"), ("é", "accented"), ("e", "plain"))}
    assert [value(text, "string", **rules)[0] for text in ("D", "d", "é", "e", "E")] == [
        "right", "left", "accented", "plain", "plain",
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["01/02/{}", "1/2/{}", "{}-02-01", "{}-02-01T00:00:00.5"])
@pytest.mark.parametrize(("year", "is_believed"), [(1799, False), (1800, True), (2200, True), (2201, False)])
def test_the_years_in_which_a_date_is_believed(form: str, year: int, is_believed: bool) -> None:
    times, _ = instants.parse(pa.array([form.format(year)]), READING.dates)
    assert bool(np.isnat(times[0])) != is_believed


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("19,999999999999996", "20.00"),
        ("0,30000000000000004", "0.30"),
        ("99,9999999999986", "100.00"),
        ("-12345678901,230001", "-12345678901.23"),
        ("1234567,8899999999", "1234567.89"),
    ],
)
def test_the_noise_of_doubles_is_no_fraction_of_a_cent(text: str, amount: str) -> None:
    assert value(text, "decimal") == (Decimal(amount), [])


@pytest.mark.parametrize("text", ["19,999999", "19,995", "-8333,333333333334", "0,00001"])
def test_a_fraction_of_a_cent_is_refused(text: str) -> None:
    assert value(text, "decimal") == (None, ["more than 2 decimals or 16 digits"])


@pytest.mark.parametrize(
    ("text", "amount", "is_rounded"),
    [
        ("-8333,333333333334", "-8333.33", True),
        ("+0,005", "0.01", True),
        ("-0,005", "-0.01", True),
        ("19,999999999999996", "20.00", False),
        ("12,50", "12.50", False),
        ("9999999999999999,999", None, False),
    ],
)
def test_a_computed_amount_is_rounded_half_away_from_zero(text: str, amount: str | None, is_rounded: bool) -> None:
    field = Field("f", "f", "decimal", "x", rounding=True)
    column, _, rounded = typed(clean(pa.array([text])), field, READING)
    assert column.to_pylist() == [amount and Decimal(amount)]
    assert rounded is not None and rounded.tolist() == [is_rounded]


@pytest.mark.parametrize("decimal", [",", "."])
@pytest.mark.parametrize(
    ("text", "number"), [("1234.0", 1234), ("1234,0", 1234), ("1234.00", 1234), ("-7.0", -7), ("1.5", None)]
)
def test_a_whole_number_may_have_a_decimal_of_zero_with_either_mark(
    text: str, number: int | None, decimal: str
) -> None:
    assert value(text, "integer", Reading(format="csv", decimal=decimal))[0] == number


def test_three_zeros_after_the_other_mark_may_be_thousands() -> None:
    assert value("17.000", "integer")[0] is None
    assert value("17,000", "integer", Reading(format="csv", decimal="."))[0] is None
    assert value("2,9999999999999996", "integer")[0] == 3


@pytest.mark.parametrize("text", ["07:30", "7:30", "07:30:00", "07:30:00.000"])
def test_a_time_is_hours_and_minutes_where_its_pattern_wants_it(text: str) -> None:
    assert value(text, "string", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")[0] == "07:30"
    assert value(text, "string")[0] == text


def test_a_time_with_seconds_stays_for_its_pattern_to_refuse() -> None:
    assert value("07:30:15", "string", pattern=r"^\d\d:\d\d$")[0] == "07:30:15"


@pytest.mark.parametrize(
    "text",
    [
        "22/01/2025 00:00:00",
        "22/01/2025 00:00",
        "22/01/2025 0:00",
        "22/01/2025T00:00:00",
        "2025-01-22T00:00:00Z",
        "2025-01-21T23:00:00Z",
        "2025-01-22T00:00:00+01:00",
        "2025-01-22 00:00:00.000",
    ],
)
def test_midnight_belongs_to_its_day(text: str) -> None:
    assert value(text, "date") == (date(2025, 1, 22), [])


def test_another_time_makes_no_day() -> None:
    assert value("22/01/2025 00:01:00", "date") == (None, ["not a date"])
    assert value("2025-01-21T22:00:00Z", "date") == (None, ["not a date"])


def test_a_day_that_stands_for_a_month_is_its_first() -> None:
    assert value("01/02/2025", "date", form="first of month") == (date(2025, 2, 1), [])
    assert value("28/02/2025", "date", form="first of month")[1] == ["not the first day of a month"]
    assert value("x", "date", form="first of month")[1] == ["not a date"]


@pytest.mark.parametrize("text", ["#REF!", "#DIV/0!", "#N/A", "#VALEUR!", "#NOM?", "####", "Err:502"])
@pytest.mark.parametrize("kind", ["string", "decimal", "integer", "double", "boolean", "date", "timestamp"])
def test_what_a_spreadsheet_shows_for_an_error_is_one(text: str, kind: str) -> None:
    assert value(text, kind) == (None, ["an error of the spreadsheet"])


def test_an_error_that_the_contract_maps_is_a_value() -> None:
    assert value("#N/A", "string", values=(("#N/A", None),)) == (None, [])


IDENTITY: dict[str, Any] = {"personal": "pseudonym", "equal": ("leading zeros", "blanks", "punctuation")}


@pytest.mark.parametrize("text", ["450123", "000450123", "450 123", "450.123", "450\u202f123", "45-01-23"])
def test_equal_writings_are_one_identity(text: str) -> None:
    assert value(text, "string", **IDENTITY) == ("450123", [])


@pytest.mark.parametrize("text", ["000450123", "450 123", "ab"])
def test_what_is_not_called_equal_is_another_identity(text: str) -> None:
    assert value(text, "string", personal="pseudonym", equal=()) == (text, [])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("9,00001E+14", "a number in scientific notation"),
        ("9.00001E+14", "a number in scientific notation"),
        ("9E14", "a number in scientific notation"),
        ("9e+14", "a number in scientific notation"),
        ('="000450123"', 'written as a formula (="…")'),
        ("=450123", 'written as a formula (="…")'),
        ("'000450123", "written with an apostrophe before it"),
        ("’450123", "written with an apostrophe before it"),
        ("450123.0", "a number with a decimal mark (.0)"),
        ("450123,00", "a number with a decimal mark (.0)"),
    ],
)
def test_a_mangled_number_identifies_nobody(text: str, why: str) -> None:
    assert value(text, "string", **IDENTITY) == (None, [why])
