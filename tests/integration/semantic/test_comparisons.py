"""Comparisons equal what plain SQL on the base table gives; what lacks a reference says so."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from statistics import quantiles
from typing import Any

import pytest

from lake import semantic
from lake.errors import QueryError
from lake.semantic import Answer, Filter
from lake.semantic.periods import add_months, first_day
from tests.integration.semantic.conftest import Tiny

pytestmark = pytest.mark.xdist_group("semantic")

SALES = "optical.atomic.fct_optical_sales"


def ask(tiny: Tiny, metrics: list[str], *compare: str, role: str = "group", **more: Any) -> Answer:
    return semantic.query(metrics, compare=compare, scope=tiny.scope(role), **more)


def revenue(tiny: Tiny, since: date, until: date, condition: str = "true") -> Any:
    ((value,),) = tiny.rows(
        f"select sum(amount_eur) from {SALES} where sold_on between '{since}' and '{until}' and {condition}"
    )
    return value


def test_the_year_before_is_the_same_days_a_year_earlier(tiny: Tiny) -> None:
    answer = ask(tiny, ["optical_revenue"], "previous_year", since=date(2024, 3, 1), until=date(2024, 5, 15))
    (row,) = answer.table.to_pylist()
    now = revenue(tiny, date(2024, 3, 1), date(2024, 5, 15))
    then = revenue(tiny, date(2023, 3, 1), date(2023, 5, 15))
    assert row["optical_revenue"] == now
    assert row["optical_revenue__previous_year"] == then
    assert row["optical_revenue__previous_year_gap"] == now - then
    assert row["optical_revenue__previous_year_change"] == pytest.approx(float((now - then) / then), rel=1e-12)
    assert answer.notes == ()
    named = answer.column("optical_revenue__previous_year_change")
    assert (named.of, named.comparison, named.unit) == ("optical_revenue", "previous_year", "rate")
    assert named.label("fr") == "Chiffre d'affaires optique – évolution sur un an"


def test_the_period_before_is_as_long(tiny: Tiny) -> None:
    answer = ask(tiny, ["optical_revenue"], "previous_period", since=date(2024, 1, 1), until=date(2024, 3, 31))
    assert answer.table.column("optical_revenue__previous_period")[0].as_py() == revenue(
        tiny, date(2023, 10, 1), date(2023, 12, 31)
    )


@pytest.mark.parametrize(("kind", "months"), [("previous_year", 12), ("previous_period", 1)])
def test_over_time_each_month_has_its_own_reference_and_a_cut_month_a_cut_one(
    tiny: Tiny, kind: str, months: int
) -> None:
    since, until = date(2024, 3, 1), date(2024, 6, 10)
    answer = ask(tiny, ["optical_revenue"], kind, by=["structure"], grain="month", since=since, until=until)
    assert len(answer.table) == 4 * 8
    for row in answer.table.to_pylist():
        month = row["metric_time"]
        last = min(add_months(month, 1) - timedelta(days=1), until)
        condition = f"structure_id = '{row['structure']}'"
        end = add_months(last + timedelta(days=1), -months) - timedelta(days=1)
        expected = revenue(tiny, add_months(month, -months), end, condition)
        assert row[f"optical_revenue__{kind}"] == expected


def test_what_a_period_lost_is_seen(tiny: Tiny) -> None:
    span = {"since": date(2023, 3, 6), "until": date(2023, 3, 8)}
    answer = ask(tiny, ["audio_devices"], "previous_period", by=["site"], **span)
    rows = {r["site"]: (r["audio_devices"], r["audio_devices__previous_period"]) for r in answer.table.to_pylist()}
    counted = tiny.rows(
        "select site_id, count(*) filter (fitted_on >= '2023-03-06'), count(*) filter (fitted_on < '2023-03-06') "
        "from audio.atomic.fct_audio_fittings where fitted_on between '2023-03-03' and '2023-03-08' group by 1"
    )
    assert rows == {site: (now, before) for site, now, before in counted}
    assert [site for site, (now, _) in rows.items() if now == 0]
    assert [site for site, (_, before) in rows.items() if before == 0]


def test_a_reference_before_the_data_is_empty_and_says_since_when_there_are_data(tiny: Tiny) -> None:
    answer = ask(tiny, ["optical_revenue"], "previous_year", since=date(2023, 6, 1), until=date(2023, 6, 30))
    assert answer.table.column("optical_revenue__previous_year")[0].as_py() is None
    assert answer.table.column("optical_revenue__previous_year_change")[0].as_py() is None
    (note,) = answer.notes
    assert note.text("en") == "Optical revenue: no reference for 1 of 1 row; data begin in 2023-02."
    assert "les données commencent en 02/2023" in note.text("fr")


@pytest.mark.parametrize("grain", ["month", "quarter", "week"])
def test_running_sums_begin_where_they_say(tiny: Tiny, grain: str) -> None:
    since, until = date(2024, 4, 1), date(2024, 7, 17)
    kinds = ("year_to_date", "rolling_12_months", "month_to_date")
    answer = ask(tiny, ["optical_revenue", "optical_basket"], *kinds, grain=grain, since=since, until=until)
    for row in answer.table.to_pylist():
        first = row["metric_time"]
        end = min(
            {"month": add_months(first, 1), "quarter": add_months(first, 3)}.get(grain, first + timedelta(7))
            - timedelta(1),
            until,
        )
        starts = {
            "year_to_date": first_day(end, "year"),
            "month_to_date": first_day(end, "month"),
            "rolling_12_months": add_months(end, -12) + timedelta(1),
        }
        for kind, start in starts.items():
            ((total, count),) = tiny.rows(
                f"select sum(amount_eur), count(*) from {SALES} where sold_on between '{start}' and '{end}'"
            )
            assert row[f"optical_revenue__{kind}"] == total
            assert row[f"optical_basket__{kind}"] == pytest.approx(float(total) / count, rel=1e-12)


def test_distinct_customers_are_counted_anew_not_summed(tiny: Tiny) -> None:
    answer = ask(
        tiny,
        ["optical_customers"],
        "year_to_date",
        by=["structure"],
        grain="month",
        since=date(2024, 1, 1),
        until=date(2024, 4, 30),
    )
    for row in answer.table.to_pylist():
        end = add_months(row["metric_time"], 1)
        ((expected,),) = tiny.rows(
            f"select count(distinct customer_id) from {SALES} "
            f"where sold_on >= '2024-01-01' and sold_on < '{end}' and structure_id = '{row['structure']}'"
        )
        assert row["optical_customers__year_to_date"] == expected


def test_without_a_grain_a_running_value_ends_with_the_period(tiny: Tiny) -> None:
    answer = ask(
        tiny, ["optical_revenue"], "year_to_date", "rolling_12_months", since=date(2024, 5, 1), until=date(2024, 5, 31)
    )
    (row,) = answer.table.to_pylist()
    assert row["optical_revenue__year_to_date"] == revenue(tiny, date(2024, 1, 1), date(2024, 5, 31))
    assert row["optical_revenue__rolling_12_months"] == revenue(tiny, date(2023, 6, 1), date(2024, 5, 31))


def test_a_running_value_that_begins_before_the_data_is_empty_and_says_so(tiny: Tiny) -> None:
    answer = ask(
        tiny, ["optical_revenue"], "rolling_12_months", grain="month", since=date(2023, 12, 1), until=date(2024, 2, 29)
    )
    values = answer.table.column("optical_revenue__rolling_12_months").to_pylist()
    assert values[0] is None
    assert values[1:] == [
        revenue(tiny, date(2023, 2, 1), date(2024, 1, 31)),
        revenue(tiny, date(2023, 3, 1), date(2024, 2, 29)),
    ]
    assert (
        answer.notes[0].text("en") == "Optical revenue: no rolling twelve months for 1 period, data begin in 2023-02."
    )


def test_shares_add_up_to_one_in_each_period(tiny: Tiny) -> None:
    answer = ask(tiny, ["optical_revenue"], "share", by=["structure"], grain="quarter", since=date(2023, 4, 1))
    shares: dict[date, float] = {}
    for row in answer.table.to_pylist():
        shares[row["metric_time"]] = shares.get(row["metric_time"], 0) + row["optical_revenue__share"]
    assert list(shares.values()) == pytest.approx([1.0] * len(shares))
    with pytest.raises(QueryError, match="'optical_basket' does not add up"):
        ask(tiny, ["optical_basket"], "share", by=["structure"])


def test_ranks_are_best_first_and_shared_by_equals(tiny: Tiny) -> None:
    answer = ask(tiny, ["optical_revenue"], "rank", by=["structure"], order=["optical_revenue__rank"])
    values = answer.table.column("optical_revenue").to_pylist()
    assert values == sorted(values, reverse=True)
    assert answer.table.column("optical_revenue__rank").to_pylist() == [
        1 + sum(v > own for v in values) for own in values
    ]
    low = ask(tiny, ["audio_return_rate"], "rank", by=["structure"], order=["audio_return_rate__rank"])
    rates = low.table.column("audio_return_rate").to_pylist()
    assert rates == sorted(rates)


def test_an_index_is_100_at_its_base(tiny: Tiny) -> None:
    answer = ask(
        tiny, ["optical_revenue"], "index=2023-05-17", grain="month", since=date(2023, 4, 1), until=date(2024, 4, 30)
    )
    base = revenue(tiny, date(2023, 5, 1), date(2023, 5, 31))
    for row in answer.table.to_pylist():
        assert row["optical_revenue__index"] == pytest.approx(float(100 * row["optical_revenue"] / base), rel=1e-12)
    outside = ask(tiny, ["optical_revenue"], "index=2019-01-01", grain="month", since=date(2023, 4, 1))
    assert set(outside.table.column("optical_revenue__index").to_pylist()) == {None}
    assert outside.notes[0].text("en") == "Optical revenue: nothing in 2019-01 for 1 series, so no index."


def test_a_budget_is_compared_where_there_is_one(tiny: Tiny) -> None:
    answer = ask(tiny, ["optical_revenue"], "budget", by=["structure"], grain="year")
    for row in answer.table.to_pylist():
        condition = f"structure_id = '{row['structure']}' and year(sold_on) = {row['metric_time'].year}"
        ((total, count),) = tiny.rows(f"select sum(amount_eur), count(*) from {SALES} where {condition}")
        assert row["optical_revenue__budget"] == count * 250
        assert row["optical_revenue__budget_gap"] == total - count * 250
    with pytest.raises(QueryError, match="'audio_revenue' has no budget"):
        ask(tiny, ["audio_revenue"], "budget")


def test_order_and_limit_come_last(tiny: Tiny) -> None:
    answer = ask(
        tiny, ["optical_revenue"], "share", "rank", by=["structure"], order=["-optical_revenue__share"], limit=3
    )
    assert answer.table.column("optical_revenue__rank").to_pylist() == [1, 2, 3]
    assert sum(answer.table.column("optical_revenue__share").to_pylist()) < 1


@pytest.mark.parametrize(
    ("compare", "more", "complaint"),
    [
        ("last_year", {}, "'last_year' is not a comparison. Comparisons: previous_period"),
        ("previous_year", {}, "needs a period"),
        ("index", {"grain": "month"}, "an index has a day"),
        ("share=2024-01-01", {}, "an index has a day"),
        ("index=today", {"grain": "month"}, "is not a date"),
        ("index=2024-01-01", {}, "follows a figure over time"),
        ("share", {"where": [Filter("metric_time", ">", (date(2024, 1, 1),))]}, "by since and until"),
        ("benchmark", {}, "compares structures or sites"),
        ("benchmark", {"by": ["structure", "site_commune"]}, "There is no benchmark by 'site_commune'"),
    ],
)
def test_a_comparison_that_makes_no_sense_says_why(
    tiny: Tiny, compare: str, more: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(QueryError, match=complaint):
        ask(tiny, ["optical_revenue"], compare, **more)


def test_a_comparison_keeps_to_the_scope(tiny: Tiny) -> None:
    answer = ask(
        *(tiny, ["optical_revenue"], "previous_year", "share", "rank", "year_to_date"),
        role="one",
        by=["structure"],
        since=date(2024, 3, 1),
        until=date(2024, 3, 31),
    )
    (row,) = answer.table.to_pylist()
    assert row["structure"] == "S01"
    assert row["optical_revenue__previous_year"] == revenue(
        tiny, date(2023, 3, 1), date(2023, 3, 31), "structure_id = 'S01'"
    )
    assert row["optical_revenue__share"] == 1.0
    assert row["optical_revenue__rank"] == 1


def test_who_sees_all_gets_the_plain_quartiles(tiny: Tiny) -> None:
    answer = ask(tiny, ["optical_revenue"], "benchmark", by=["structure"])
    values = [float(v) for (v,) in tiny.rows(f"select sum(amount_eur) from {SALES} group by structure_id")]
    q1, median, q3 = quantiles(values, n=4, method="inclusive")
    for row in answer.table.to_pylist():
        assert row["optical_revenue__benchmark_q1"] == pytest.approx(q1)
        assert row["optical_revenue__benchmark_median"] == pytest.approx(median)
        assert row["optical_revenue__benchmark_q3"] == pytest.approx(q3)
        assert row["optical_revenue__benchmark_peers"] == 7
    ranks = sorted(answer.table.column("optical_revenue__benchmark_rank").to_pylist())
    assert ranks[0] == 1


@pytest.mark.parametrize("by", [["structure"], [], ["structure", "structure_name"]])
def test_who_sees_one_gets_the_benchmark_but_no_peer_s_figure(tiny: Tiny, by: list[str]) -> None:
    answer = ask(tiny, ["optical_revenue"], "benchmark", role="one", by=by)
    (row,) = answer.table.to_pylist()
    by_structure = dict(tiny.rows(f"select structure_id, sum(amount_eur) from {SALES} group by 1"))
    own = by_structure.pop("S01")
    assert row["optical_revenue"] == own
    assert row["optical_revenue__benchmark_rank"] == 1 + sum(v > own for v in by_structure.values())
    assert row["optical_revenue__benchmark_peers"] == 7
    shown = [row[f"optical_revenue__benchmark_{part}"] for part in ("q1", "median", "q3")]
    assert min(by_structure.values()) < shown[0] < shown[1] < shown[2] < max(by_structure.values())
    assert not {round(v, 2) for v in shown} & {round(float(v), 2) for v in by_structure.values()}


def test_a_filter_can_t_choose_the_peers(tiny: Tiny) -> None:
    plain = ask(tiny, ["optical_revenue"], "benchmark", role="one", by=["structure"]).table.to_pylist()
    for where in (
        [Filter("structure", "in", ("S01", "S02"))],
        [Filter("structure", "!=", ("S02",))],
        [Filter("site", "!=", ("S02-OPT-01",))],
        [Filter("site_commune", "!=", ("nowhere",))],
    ):
        answer = ask(tiny, ["optical_revenue"], "benchmark", role="one", by=["structure"], where=where)
        assert answer.table.to_pylist() == plain
        assert "don't narrow" in answer.notes[0].text("en")


def test_a_filter_that_everybody_shares_keeps_the_benchmark(tiny: Tiny) -> None:
    dear = [Filter("is_dear", "=", (True,))]
    (row,) = ask(tiny, ["optical_revenue"], "benchmark", role="one", by=["structure"], where=dear).table.to_pylist()
    by_structure = dict(
        tiny.rows(f"select structure_id, sum(amount_eur) from {SALES} where amount_eur >= 250 group by 1")
    )
    own = by_structure.pop("S01")
    assert row["optical_revenue__benchmark_rank"] == 1 + sum(v > own for v in by_structure.values())
    assert row["optical_revenue__benchmark_median"] is not None


@pytest.mark.parametrize(
    "where",
    [
        [Filter("sale", "in", tuple(str(i) for i in range(80) if i % 8 != 2))],
        [Filter("sale", "!=", ("2",))],
        [Filter("sold_on", "!=", (date(2023, 2, 1),))],
        [Filter("is_dear", "=", (True,)), Filter("sale", "contains", ("1",))],
    ],
)
def test_a_filter_on_what_few_peers_share_gives_no_benchmark(tiny: Tiny, where: list[Filter]) -> None:
    """Asked with one value less each time, the quartiles would tell each peer's figure."""
    answer = ask(tiny, ["optical_revenue"], "benchmark", role="one", by=["structure"], where=where)
    for row in answer.table.to_pylist():
        assert {v for k, v in row.items() if "__benchmark_" in k} == {None}
    assert answer.notes[-1].text("en").startswith("No benchmark with this filter")
    assert ask(tiny, ["optical_revenue"], "benchmark", by=["structure"], where=where).notes == ()


def test_fewer_than_five_peers_are_no_benchmark(tiny: Tiny) -> None:
    answer = ask(tiny, ["audio_revenue"], "benchmark", role="one", by=["structure"])
    (row,) = answer.table.to_pylist()
    assert row["audio_revenue__benchmark_median"] is None
    assert row["audio_revenue__benchmark_rank"] is None
    assert answer.notes[-1].text("en") == "Hearing-aid revenue: no benchmark for 1 row, at least 5 peers are needed."


def test_all_figures_of_a_comparison_are_of_the_same_builds(tiny: Tiny) -> None:
    answer = ask(tiny, ["optical_revenue"], "share", "benchmark", by=["structure"], since=date(2024, 1, 1))
    assert [b.line for b in answer.builds] == ["optical"]
    assert sum(answer.table.column("optical_revenue").to_pylist(), Decimal(0)) == revenue(
        tiny, date(2024, 1, 1), date(2030, 1, 1)
    )
