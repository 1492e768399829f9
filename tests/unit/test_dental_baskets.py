"""The baskets and caps of dental care that are shipped, for every act of the real table and the days that law names."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from shared import data

from lake.contracts import contract
from lake.readers import ccam
from lake.readers.stream import Plain
from lake.settings import PROJECT


def _on(file: str, day: date, **wanted: str) -> list[dict[str, str]]:
    """The rows of a seed that hold on a day."""
    with (PROJECT / "models" / file).open(encoding="utf-8") as text:
        rows = [row for row in csv.DictReader(text) if all(row[name] == value for name, value in wanted.items())]
    return [
        r
        for r in rows
        if date.fromisoformat(r["valid_from"]) <= day <= date.fromisoformat(r["valid_to"] or "9999-12-31")
    ]


def _basket(code: str, day: date) -> str | None:
    rows = _on("marts/dental/dental_baskets.csv", day, grouping_code=code)
    return rows[0]["basket"] if rows else None


def _cap(act: str, day: date) -> Decimal | None:
    rows = _on("core/parameters.csv", day, parameter="dental_fee_cap", subject=act)
    return Decimal(rows[0]["value"]) if rows else None


@pytest.fixture(scope="module")
def table() -> list[dict[str, Any]]:
    """The CCAM of 1 January 2026."""
    stream = Plain(io.BytesIO(data("ccam").joinpath("ccam.csv").read_bytes()))
    (chunk,) = ccam.read(stream, contract("dental_ccam"))
    return chunk.table.to_pylist()


def test_every_act_on_teeth_and_jaws_of_the_real_table_has_a_basket(table: list[dict[str, Any]]) -> None:
    codes = {r["Regroupement"] for r in table if r["Code"][:2] in ("HB", "LB") and r["Activité"] == "1"}
    assert len(codes) > 30
    assert {code for code in codes if _basket(code, date(2026, 1, 1)) is None} == set()


@pytest.mark.parametrize(
    ("act", "basket"),
    [("HBLD038", "rac0"), ("HBLD033", "rac0"), ("HBLD073", "rac0"), ("HBLD099", "rac0"), ("HBLD491", "capped"),
     ("HBLD426", "free"), ("HBLD734", "free"), ("HBLD486", "free"), ("YYYY176", "rac0"), ("YYYY159", "capped")],
)  # fmt: skip
def test_an_act_of_the_real_table_is_in_its_basket_of_2026(table: list[dict[str, Any]], act: str, basket: str) -> None:
    (code,) = {r["Regroupement"] for r in table if r["Code"] == act and r["Activité"] == "1"}
    assert _basket(code, date(2026, 1, 1)) == basket


@pytest.mark.parametrize(
    ("code", "day", "basket"),
    [
        ("CM0", date(2019, 3, 31), "free"), ("CM0", date(2019, 4, 1), "capped"), ("CM0", date(2020, 1, 1), "rac0"),
        ("PA0", date(2020, 12, 31), "free"), ("PA0", date(2021, 1, 1), "rac0"), ("SU0", date(2021, 1, 1), "rac0"),
        ("PF1", date(2019, 12, 31), "free"), ("PF1", date(2020, 1, 1), "capped"), ("SU1", date(2025, 1, 1), "capped"),
        ("CZ1", date(2020, 1, 1), "capped"), ("CZ1", date(2025, 12, 31), "capped"), ("CZ1", date(2026, 1, 1), None),
        ("PDT", date(2024, 6, 1), "free"), ("ADI", date(2024, 6, 1), "care"), ("ADC", date(2018, 6, 1), "care"),
        ("ATM", date(2026, 6, 1), "care"),
    ],
)  # fmt: skip
def test_a_code_is_in_the_basket_of_the_day(code: str, day: date, basket: str | None) -> None:
    assert _basket(code, day) == basket


@pytest.mark.parametrize(
    ("act", "caps"),
    [
        ("HBLD038", (None, 320, 290, 290, 290, "298.70")), ("HBLD634", (None, 530, 500, 500, 500, 515)),
        ("HBLD680", (None, 530, 500, 500, 500, 515)), ("HBLD350", (None, 480, 440, 440, 440, "453.20")),
        ("HBLD073", (None, None, 440, 440, 440, "453.20")), ("HBLD491", (None, None, 550, 550, 550, "566.50")),
        ("HBLD158", (None, None, 550, 550, 550, "566.50")), ("HBLD099", (None,) * 5 + ("1359.60",)),
    ],
)  # fmt: skip
def test_an_act_has_the_cap_of_the_day(act: str, caps: tuple[object, ...]) -> None:
    days = [
        date(2019, 3, 31),
        date(2019, 4, 1),
        date(2020, 1, 1),
        date(2023, 12, 31),
        date(2025, 12, 31),
        date(2026, 1, 1),
    ]
    assert [_cap(act, day) for day in days] == [cap and Decimal(str(cap)) for cap in caps]
