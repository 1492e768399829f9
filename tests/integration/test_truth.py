"""What comes out equals what the sample group knows of itself, exactly, at two seeds."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import pytest
from group import Group

from lake import access, semantic
from lake.contracts import catalogue
from lake.semantic import Filter
from lake.settings import LINES, TRADES, settings
from lake.store import open_store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture(params=["group", "other_group"], ids=["seed 1", "seed 2"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Group:
    chosen: Group = request.getfixturevalue(request.param)
    for name, value in chosen.environment.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    return chosen


def test_rows_read_landed_unchanged_and_quarantined_are_those_that_were_written(either: Group) -> None:
    found = {}
    with open_store() as store:
        for source in catalogue():
            files = store.files(source)
            found[source] = {
                w: sum(getattr(f, w) for f in files) for w in ("read", "landed", "unchanged", "quarantined")
            }
    expected = {
        source: {w: counts[w] for w in ("read", "landed", "unchanged", "quarantined")}
        for source, counts in either.truth["sources"].items()
    }
    assert {s: found[s] for s in expected} == expected


def test_every_file_keeps_read_equal_to_landed_unchanged_and_quarantined(either: Group) -> None:
    with open_store() as store:
        wrong = [f.name for f in store.files() if f.read != f.landed + f.unchanged + f.quarantined]
    assert not wrong


@pytest.mark.parametrize("line", LINES)
def test_headline_figures_by_structure_and_year_are_exact(either: Group, line: str) -> None:
    expected = {
        (structure, metric, int(year)): Decimal(value)
        for structure, metrics in either.truth["headline"][line].items()
        for metric, years in metrics.items()
        for year, value in years.items()
    }
    names = sorted({metric for _, metric, _ in expected})
    assert len(names) >= 3
    rows = semantic.query(names, by=["structure"], grain="year", scope=access.scope()).table.to_pylist()
    found = {
        (row["structure"], name, row["metric_time"].year): Decimal(str(row[name]))
        for row in rows
        for name in names
        if row[name] is not None
    }
    assert {k: v for k, v in found.items() if v} == {k: v for k, v in expected.items() if v}


#: What each line's truth calls its revenue. Childcare's other part, the PSU, is estimated by the mart alone.
REVENUE = ("audio_net_sales_eur", "dental_fees_eur", "optical_net_sales_eur", "childcare_family_fees_eur")


def test_the_group_s_revenue_by_structure_and_year_is_the_sum_of_its_lines(either: Group) -> None:
    expected: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
    for line in TRADES:
        for structure, metrics in either.truth["headline"][line].items():
            for year, value in ((y, v) for name in REVENUE for y, v in metrics.get(name, {}).items()):
                expected[structure, int(year)] += Decimal(value)
    rows = semantic.query(
        ["group_revenue_eur"],
        by=["structure"],
        where=[Filter("service", "!=", ("care_day",))],
        grain="year",
        scope=access.scope(),
    ).table.to_pylist()
    found = {(row["structure"], row["metric_time"].year): Decimal(str(row["group_revenue_eur"])) for row in rows}
    assert {k: v for k, v in found.items() if v} == {k: v for k, v in expected.items() if v}
    revenue = [key for key, value in found.items() if value]
    assert len({structure for structure, _ in revenue}) == 18
    assert {year for _, year in revenue} >= {2024, 2025}
