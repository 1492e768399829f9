"""The sample's books are books: they balance, and a year begins where the last one ended."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lake import sample
from lake.contracts import contract
from lake.readers import fec
from lake.readers.stream import Plain
from lake.sample.budgets import corrected

FEC = contract("finance_entries")


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("sample")
    return out / "finance", sample.generate(out, 1_000_000, 7, until=date(2026, 6, 30), lines=("finance",))


@pytest.fixture(scope="module")
def files(delivered: tuple[Path, dict[str, Any]]) -> dict[tuple[str, int], list[dict[str, str]]]:
    """The rows of each whole FEC of two structures, by SIREN and year."""
    folder, _ = delivered
    kept = {}
    for path in sorted(folder.glob("9990000[12]*.txt")):
        with path.open("rb") as stream:
            chunks = list(fec.read(Plain(stream), FEC))
        rows = [row for chunk in chunks for row in chunk.table.to_pylist()]
        if rows and rows[-1].get(fec.LAST) and chunks[-1].encoding != "utf-16-le":
            siren, end = path.stem.split("FEC")
            kept[siren, int(end[:4])] = rows
    return kept


def amount(row: dict[str, str]) -> Decimal:
    return Decimal(row["Debit"].replace(",", ".")) - Decimal(row["Credit"].replace(",", "."))


def test_every_file_and_every_entry_balances_to_the_cent(files: dict[tuple[str, int], list[dict[str, str]]]) -> None:
    assert len(files) == 8
    for name, rows in files.items():
        entries: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for row in rows:
            entries[row["JournalCode"], row["EcritureNum"]] += amount(row)
        assert not {key: value for key, value in entries.items() if value}, name


def test_entries_are_in_order_of_day_and_of_the_files_year(files: dict[tuple[str, int], list[dict[str, str]]]) -> None:
    for name, rows in files.items():
        days = [row["EcritureDate"] for row in rows]
        assert days == sorted(days), name
        assert {day[:4] for day in days} == {str(name[1])}


def test_a_year_opens_with_the_balances_that_the_last_one_closed_with(
    files: dict[tuple[str, int], list[dict[str, str]]],
) -> None:
    def closing(year: int) -> dict[str, Decimal]:
        balances: dict[str, Decimal] = defaultdict(Decimal)
        for row in files["999000029", year]:
            account = row["CompteNum"]
            balances["110000" if account[0] in "67" else account] += amount(row)
        return {account: value for account, value in balances.items() if value}

    for year in range(2024, 2027):
        rows = (row for row in files["999000029", year] if row["JournalCode"] == "AN")
        assert {row["CompteNum"]: amount(row) for row in rows} == closing(year - 1)


def test_the_chart_of_accounts_changes_with_2025(files: dict[tuple[str, int], list[dict[str, str]]]) -> None:
    def accounts(year: int) -> set[str]:
        return {row["CompteNum"][:3] for name, rows in files.items() if name[1] == year for row in rows}

    assert {"777", "791"} <= accounts(2024) and not {"747", "649"} & accounts(2024)
    assert {"747", "649"} <= accounts(2025) and not {"777", "791", "675", "775"} & accounts(2025)


def test_the_running_year_was_sent_a_month_ago_and_its_lines_stay_where_they_were(
    delivered: tuple[Path, dict[str, Any]],
) -> None:
    folder, truth = delivered
    before, now = ((folder / f"999000029FEC20261231{tag}.txt").read_bytes().splitlines() for tag in ("", "_suite"))
    assert 100 < len(before) < len(now)
    assert now[: len(before)] == before
    assert "finance/999000029FEC20261231_suite.txt" in truth["last_delivery"]
    assert "finance/999000029FEC20261231.txt" not in truth["last_delivery"]


def test_the_truth_is_what_the_files_say(
    delivered: tuple[Path, dict[str, Any]], files: dict[tuple[str, int], list[dict[str, str]]]
) -> None:
    _, truth = delivered
    rows = files["999000029", 2024]
    result = -sum(amount(row) for row in rows if row["CompteNum"][0] in "67")
    assert Decimal(truth["headline"]["finance"]["S02"]["finance_net_result_eur"]["2024"]) == result


def test_the_closure_of_2020_takes_sales_away_and_leaves_a_loss(tmp_path: Path) -> None:
    truth = sample.generate(tmp_path, 1_000_000, 7, until=date(2021, 12, 31), lines=("finance",))

    def total(metric: str, year: int) -> Decimal:
        return sum((Decimal(s[metric][str(year)]) for s in truth["headline"]["finance"].values()), Decimal(0))

    assert total("finance_revenue_eur", 2020) < total("finance_revenue_eur", 2019)
    assert total("finance_net_result_eur", 2020) < 0 < total("finance_net_result_eur", 2021)


def test_a_corrected_budget_stays_on_its_side_of_the_statement() -> None:
    planned = pa.table(
        {
            "income_line": ["goods_sales", "wages", "reversals", "income_tax"],
            "amount_eur": pa.array([Decimal(200), Decimal(-100), Decimal(0), Decimal(0)], pa.decimal128(18, 2)),
        }
    )
    amounts = corrected(planned, np.random.default_rng(1)).column("amount_eur").to_pylist()
    assert amounts == [Decimal(190), Decimal(-95), Decimal(1), Decimal(-1)]
