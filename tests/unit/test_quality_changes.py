"""A restatement in the reader's words: what adds up is told by amount, the rest by number; what moved says whence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from apps.screens.quality import restated
from apps.words import Language
from lake.builds import Build
from lake.semantic import Indicator, Restatement
from lake.semantic.cells import Change, difference, same, wider
from lake.semantic.origins import Difference

MAY, JUNE = date(2024, 5, 1), date(2024, 6, 1)
AT = datetime(2026, 1, 1, tzinfo=UTC)
EUR = pa.decimal128(38, 2)


def build(id: str) -> Build:
    return Build("audio", id, Path(), "passed", AT, 1.0, AT, None, None, "f", "v")


def indicator(unit: str) -> Indicator:
    known = dict.fromkeys(Indicator.__dataclass_fields__, "")
    return Indicator(**{**known, "name": "sales", "unit": unit})  # type: ignore[arg-type]


def record(
    kind: str, name: str, before: str | None, after: str | None, part: str = "sales", **more: Any
) -> dict[str, Any]:
    day = date(2024, 5, 2)
    values = {"value_a": before and Decimal(before), "value_b": after and Decimal(after)}
    origin = {"source": "audio_fittings", "batch": 2, "file": 7, "file_name": "may.csv", "line": 12}
    sides = {
        "day_a": before and day,
        "day_b": after and day,
        "structure_a": before and "S01",
        "structure_b": after and "S01",
    }
    return {"part": part, "kind": kind, "record": name, **sides, **values, **origin, **more}


def told(causes: Sequence[tuple[Any, ...]], records: Sequence[dict[str, Any]], *parts: str) -> Restatement:
    names = ("part", "metric_time", "structure", "kind", "records", "change")
    cells = {
        "metric_time": [MAY, JUNE],
        "structure": ["S01", "S01"],
        "value_a": pa.array([Decimal("100.00"), None], EUR),
        "value_b": pa.array([Decimal("90.00"), Decimal("30.00")], EUR),
        "change": pa.array([Decimal("-10.00"), Decimal("30.00")], EUR),
    }
    return Restatement(
        metric="sales",
        parts=parts or ("sales",),
        adding_up=parts or ("sales",),
        before=build("1"),
        after=build("2"),
        columns=(),
        cells=pa.table(cells),
        cell_count=9,
        total=Change(Decimal("100.00"), Decimal("120.00"), Decimal("20.00")),
        causes=pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in causes]),
        records=pa.Table.from_pylist(list(records)),
        record_count=len(records),
        differences=(Difference("source", "audio_fittings", "1", "2"), Difference("model", "fct_audio_fittings")),
        notes=(),
    )


CAUSES = [("sales", MAY, "S01", "corrected", 1, Decimal("-10.00")), ("sales", JUNE, "S01", "new", 2, Decimal("30.00"))]
RECORDS = [
    record("corrected", "A", "100.00", "90.00"),
    record("new", "B", None, "20.00"),
    record("new", "C", None, "10.00"),
]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "2 of 9 cells changed · in all 100.00\u00a0€ → 120.00\u00a0€ (+20.00\u00a0€) · 2 new · 1 corrected"),
        (
            "fr",
            "2 cellules changées sur 9 · au total 100,00\u00a0€ → 120,00\u00a0€ (+20,00\u00a0€) "
            "· 2 nouveau(x) · 1 corrigé",
        ),
    ],
)
def test_one_sentence_says_what_changed(language: Language, sentence: str) -> None:
    assert restated.summary(told(CAUSES, RECORDS), indicator("eur"), language) == sentence


def test_cells_say_by_how_much_each_cause_changed_what_adds_up() -> None:
    table = restated.cells(told(CAUSES, RECORDS), indicator("eur"), "en", str)
    assert list(table) == ["month", "structure", "before", "after", "difference", "new", "corrected"]
    assert table.iloc[0].to_list() == [
        "May 2024",
        "S01",
        "100.00\u00a0€",
        "90.00\u00a0€",
        "-10.00\u00a0€",
        "",
        "-10.00\u00a0€",
    ]
    assert table.iloc[1].to_list() == ["June 2024", "S01", "–", "30.00\u00a0€", "+30.00\u00a0€", "+30.00\u00a0€", ""]


def test_cells_say_how_many_records_changed_what_does_not_add_up() -> None:
    causes = [*CAUSES, ("patients", MAY, "S01", "corrected", 1, Decimal(0))]
    table = restated.cells(told(causes, RECORDS, "sales", "patients"), indicator("ratio"), "en", str)
    assert table["new"].to_list() == ["", "2"]
    assert table["corrected"].to_list() == ["2", ""]


def test_a_record_that_stands_in_two_parts_is_one_record() -> None:
    both = [record("new", "B", None, "20.00"), record("new", "B", None, "1.00", "devices")]
    assert restated.record_counts(told(CAUSES, both, "sales", "devices"))["new"] == 1


def test_a_record_says_where_it_went_and_what_brought_it() -> None:
    moved = record("corrected", "A", "100.00", "100.00", structure_b="S02", day_b=date(2024, 6, 3), file_name=None)
    (row,) = restated.records(pa.Table.from_pylist([moved]), {}, "en", 10).to_dict("records")
    assert (row["structure"], row["day"]) == ("S01 → S02", "2 May 2024 → 3 Jun 2024")
    assert (row["cause"], row["file"], row["row"]) == ("✎ Corrected", "7", "12")


def test_what_else_differs_is_named() -> None:
    said = restated.differences(told(CAUSES, RECORDS), "en")
    assert said == [
        "Source `audio_fittings`: last batch 1 → 2",
        "Model or parameters `fct_audio_fittings`: defined otherwise",
    ]


def test_the_file_of_a_table_is_for_machines() -> None:
    lines = restated.export(told(CAUSES, RECORDS).cells).decode().splitlines()
    assert lines == [
        '"metric_time","structure","value_a","value_b","change"',
        '2024-05-01,"S01",100.00,90.00,-10.00',
        '2024-06-01,"S01",,30.00,30.00',
    ]


@pytest.mark.parametrize(
    ("before", "after", "is_sum", "change"),
    [
        (Decimal("1.10"), Decimal("3.30"), True, Decimal("2.20")),
        (None, 3, True, 3),
        (3, None, True, -3),
        (0.5, 0.25, False, -0.25),
        (None, 0.25, False, None),
        (Decimal("1.5"), 2.0, False, 0.5),
    ],
)
def test_nothing_is_zero_for_a_sum_and_no_value_for_a_rate(before: Any, after: Any, is_sum: bool, change: Any) -> None:
    assert difference(before, after, is_sum=is_sum) == change


def test_floats_that_differ_in_their_last_digits_are_the_same_and_nothing_is_zero_of_a_sum_alone() -> None:
    assert same(0.1 + 0.2, 0.3, is_sum=False)
    assert not same(0.3, 0.3001, is_sum=False)
    assert not same(None, 0, is_sum=False)
    assert same(None, 0, is_sum=True)
    assert wider(pa.decimal128(18, 2), pa.decimal128(18, 4)) == pa.decimal128(38, 4)
    assert wider(pa.null(), pa.int64()) == pa.int64()
    assert wider(pa.decimal128(18, 2), pa.float64()) == pa.float64()
