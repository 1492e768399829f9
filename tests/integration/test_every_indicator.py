"""Promises that hold for every indicator of every published line, whatever its definition."""

from __future__ import annotations

import random
import runpy
from datetime import date, timedelta
from typing import Any

import pytest
from group import Group
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shared import case

from lake import access, builds, semantic
from lake.errors import QueryError
from lake.semantic import Filter
from lake.semantic.connection import Mart
from lake.semantic.periods import MONTHS
from lake.settings import MARTS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

UNITS = {"eur", "rate", "count", "hours", "days", "ratio", "years", "minutes", "fte"}


def close(one: Any, other: Any) -> bool:
    """Sums of money are equal; quotients are floats, and equal but for their last digits."""
    if isinstance(one, float) and isinstance(other, float):
        return one == pytest.approx(other, rel=1e-12)
    return bool(one == other)


def test_every_indicator_is_fully_described(in_group: Group) -> None:
    said = [f"{word}_{language}" for word in ("label", "definition", "formula") for language in ("fr", "en")]
    wanted = (*said, "unit", "format", "owner", "sources")
    found = semantic.metrics()
    assert {i.line for i in found} >= set(MARTS)
    assert [(i.name, w) for i in found for w in wanted if not getattr(i, w)] == []
    assert [i.name for i in found if i.unit not in UNITS or i.direction not in ("up", "down", "none")] == []
    assert [i.name for i in found if not {"structure", "metric_time"} <= set(i.dimensions)] == []


def test_an_indicator_s_owner_is_a_role_that_sees_it(in_group: Group) -> None:
    for indicator in semantic.metrics():
        scope = access.scope(indicator.owner)
        assert indicator.name in {i.name for i in semantic.metrics(scope=scope)}, (indicator.name, indicator.owner)


MONTHLY = ["childcare_family_fees_eur", "childcare_cost_per_attended_hour_eur", "finance_budget_revenue_eur"]
DAILY = ["childcare_attended_hours", "finance_revenue_eur"]


def test_what_is_known_by_month_says_so_over_part_of_one(in_group: Group) -> None:
    scope = access.scope("group-director")
    june, some_of_june = (date(2025, 6, 1), date(2025, 6, 30)), (date(2025, 6, 2), date(2025, 6, 30))
    for metric in [*MONTHLY, *DAILY]:
        whole = semantic.query([metric], since=june[0], until=june[1], grain="month", scope=scope)
        cut = semantic.query([metric], since=some_of_june[0], until=some_of_june[1], scope=scope)
        told = [any(n.comparison == "month" for n in answer.notes) for answer in (whole, cut)]
        assert told == [False, metric in MONTHLY], metric


@pytest.mark.parametrize("grain", ["day", "week"])
def test_what_is_known_by_month_has_no_figure_of_less(in_group: Group, grain: str) -> None:
    scope = access.scope("group-director")
    june = {"since": date(2025, 6, 1), "until": date(2025, 6, 30)}
    for metric in MONTHLY:
        for asked in ({"grain": grain}, {"by": [f"metric_time__{grain}"]}, {"grain": grain, "compare": ["rank"]}):
            with pytest.raises(QueryError, match=f"'{metric}' is known by whole months, not by {grain}"):
                semantic.query([DAILY[0], metric], **june, **asked, scope=scope)  # type: ignore[arg-type]
    for metric in DAILY:
        assert semantic.query([metric], grain=grain, limit=1, scope=scope).table.num_rows == 1
    by_name = {i.name: i for i in semantic.metrics()}
    assert semantic.grains([by_name[DAILY[0]], by_name[DAILY[1]]]) == ("day", "week", "month", "quarter", "year")
    assert semantic.grains([by_name[DAILY[0]], by_name[MONTHLY[0]]]) == ("month", "quarter", "year")
    # What runs to a day within a month is made of months too.
    running = semantic.query(
        [MONTHLY[0]], since=date(2025, 6, 1), until=date(2025, 6, 12), compare=["rolling_12_months"], scope=scope
    )
    assert running.table.column(f"{MONTHLY[0]}__rolling_12_months").to_pylist() != [None]


def test_a_budget_is_compared_over_whole_months(in_group: Group) -> None:
    scope = access.scope("group-director")

    def compared(since: date, until: date, grain: str | None = None) -> tuple[list[object], list[str]]:
        asked = semantic.query(
            ["finance_revenue_eur"], since=since, until=until, grain=grain, compare=["budget"], scope=scope
        )
        notes = [n.en for n in asked.notes if "whole months" in n.en]
        return asked.table.column("finance_revenue_eur__budget").to_pylist(), notes

    whole, none = compared(date(2025, 6, 1), date(2025, 6, 30))
    assert (whole != [None], none) == (True, [])
    part, told = compared(date(2025, 6, 5), date(2025, 6, 20))
    assert part == [None]
    assert told == ["The budget is known by whole months: of part of one there is none, or that of the whole month."]
    with pytest.raises(QueryError, match="'finance_budget_revenue_eur' is known by whole months, not by week"):
        compared(date(2025, 6, 1), date(2025, 6, 30), "week")


@pytest.mark.parametrize("line", MARTS)
def test_a_structure_s_director_sees_of_each_indicator_what_the_group_sees_of_the_structure(
    in_group: Group, line: str
) -> None:
    group, director = access.scope("group-director"), access.scope("structure-director")
    (own,) = director.structures
    for indicator in semantic.metrics(line):
        grain = "year" if indicator.needs_time else None
        whole = semantic.query([indicator.name], by=["structure"], grain=grain, scope=group).table.to_pylist()
        theirs = semantic.query([indicator.name], by=["structure"], grain=grain, scope=director).table.to_pylist()
        assert {row["structure"] for row in theirs} <= {own}, indicator.name
        mine = [row[indicator.name] for row in whole if row["structure"] == own and row[indicator.name] is not None]
        seen = [row[indicator.name] for row in theirs if row[indicator.name] is not None]
        assert len(mine) == len(seen), indicator.name
        assert all(map(close, mine, seen)), indicator.name


@pytest.mark.parametrize("line", MARTS)
def test_what_is_said_to_add_up_does_over_structures_and_months(in_group: Group, line: str) -> None:
    scope = access.scope("group-director")
    for indicator in [i for i in semantic.metrics(line) if i.is_additive]:
        (whole,) = semantic.query([indicator.name], scope=scope).table.column(0).to_pylist()
        for by in ("structure", "metric_time__month"):
            parts = semantic.query([indicator.name], by=[by], scope=scope).table.column(indicator.name).to_pylist()
            assert close(sum(p for p in parts if p is not None), whole or 0), (indicator.name, by)


WINDOWS = ("previous_year", "previous_period", "year_to_date", "month_to_date", "rolling_12_months")


@pytest.mark.parametrize("line", MARTS)
def test_what_adds_up_does_over_members_in_every_window_and_comparison(in_group: Group, line: str) -> None:
    scope = access.scope("group-director")
    newest = builds.published(line).newest_event_on  # type: ignore[union-attr]
    additive = [i for i in semantic.metrics(line) if i.is_additive]
    splits = [(i, d) for i in additive for d in semantic.dimensions([i.name], scope=scope) if is_split(d)]

    @settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
    @given(
        st.sampled_from(splits),
        st.sampled_from([None, "day", "week", "month", "quarter", "year"]),
        *(st.integers(0, 900), st.integers(0, 100)),
    )
    def add_up(split: tuple[semantic.Indicator, semantic.Dimension], grain: str | None, ago: int, days: int) -> None:
        indicator, dimension = split
        if grain and grain not in indicator.grains:
            grain = "month"
        until = newest - timedelta(days=ago)
        asked = {"since": until - timedelta(days=days), "until": until, "grain": grain, "scope": scope}
        budget = BUDGETED.get(indicator.name) if grain in (None, *MONTHS) else None
        has_budget = budget and dimension.name in {d.name for d in semantic.dimensions([budget], scope=scope)}
        kinds = [*WINDOWS, "budget"] if has_budget else WINDOWS
        whole = semantic.query([indicator.name], compare=kinds, **asked)  # type: ignore[arg-type]
        parts = semantic.query([indicator.name], by=[dimension.name], compare=kinds, **asked)  # type: ignore[arg-type]
        sums: dict[Any, dict[str, list[Any]]] = {}
        names = [c.name for c in whole.columns if c.kind == "metric" and not c.name.endswith("_change")]
        for row in parts.table.to_pylist():
            for name in names:
                sums.setdefault(row.get("metric_time"), {}).setdefault(name, []).append(row[name])
        for row in whole.table.to_pylist():
            for name in names:
                values = sums.get(row.get("metric_time"), {}).get(name, [])
                told = sum(v for v in values if v is not None)
                assert close(told, row[name] or type(told)(0)), (indicator.name, dimension.name, name, row)

    add_up()


#: Indicators and their budgets.
BUDGETED = {
    "finance_amount_eur": "finance_budget_amount_eur",
    "finance_revenue_eur": "finance_budget_revenue_eur",
}


def is_split(dimension: semantic.Dimension) -> bool:
    """Whether it has members worth a row each: no single events, no day."""
    return not dimension.is_event and dimension.kind != "time"


def test_a_window_has_the_rows_of_the_plain_question_over_it(in_group: Group) -> None:
    """The case's own script asks both ways, on whatever group it is given."""
    asked = runpy.run_path(str(case("01-running-drops-members") / "repro.py"))
    window, plain, metric = asked["a"].table, asked["b"].table, asked["M"]
    assert window.num_rows == plain.num_rows > 0
    assert sum(window.column(f"{metric}__rolling_12_months").to_pylist()) == sum(plain.column(metric).to_pylist())


def test_gaps_of_sites_to_a_year_before_add_up_though_some_are_new(in_group: Group) -> None:
    case("11-gaps-of-new-members")
    first_half = {"since": date(2025, 1, 1), "until": date(2025, 6, 30), "compare": ["previous_year"]}
    scope, gap = access.scope("group-director"), "audio_net_sales_eur__previous_year_gap"
    whole = semantic.query(["audio_net_sales_eur"], **first_half, scope=scope)  # type: ignore[arg-type]
    sites = semantic.query(["audio_net_sales_eur"], by=["site"], order=[gap], **first_half, scope=scope)  # type: ignore[arg-type]
    gaps = sites.table.column(gap).to_pylist()
    assert sum(gaps) == whole.table.column(gap)[0].as_py()
    assert gaps == sorted(gaps)
    assert whole.notes == sites.notes == ()


@pytest.mark.parametrize("line", MARTS)
def test_a_filter_and_a_split_give_the_same_figure(in_group: Group, line: str) -> None:
    scope = access.scope("group-director")
    for indicator in [i for i in semantic.metrics(line) if i.headline]:
        rows = semantic.query([indicator.name], by=["site"], scope=scope).table.to_pylist()
        for row in rows[:: max(len(rows) // 3, 1)]:
            kept = semantic.query([indicator.name], where=[Filter("site", "=", (row["site"],))], scope=scope).table
            assert close(kept.column(0)[0].as_py(), row[indicator.name]), (indicator.name, row)


@pytest.mark.parametrize("line", MARTS)
def test_no_secured_view_shows_a_row_without_a_scope_and_no_row_lacks_a_structure(in_group: Group, line: str) -> None:
    build = builds.published(line)
    assert build is not None
    mart = Mart([build])
    try:
        views = mart._root.execute("select database_name, view_name from duckdb_views() where schema_name = 'secured'")
        shown = 0
        for database, view in views.fetchall():
            assert mart._root.execute(f'select count(*) from "{database}".secured."{view}"').fetchone() == (0,), view
            with mart.cursor(mart.resolve((access.ALL,))) as cursor:
                shown += cursor.execute(f'select count(*) from "{database}".secured."{view}"').fetchall()[0][0]
            with mart.cursor(()) as cursor:
                none = cursor.execute(f'select count(*) from "{database}".secured."{view}"').fetchone()
            assert none == (0,), view
        assert shown > 0
        tables = mart._root.execute(
            "select database_name, table_name from duckdb_columns() "
            "where column_name = 'structure_id' and schema_name = 'atomic'"
        )
        for database, table in tables.fetchall():
            lost = mart._root.execute(f'select count(*) from "{database}".atomic."{table}" where structure_id is null')
            assert lost.fetchone() == (0,), table
    finally:
        mart.close()


def is_made_of_rows(metric: str, scope: access.Scope) -> bool:
    """Whether it aggregates rows itself, rather than other indicators."""
    return semantic.rows(metric, limit=0, scope=scope).parts == (metric,)


@pytest.mark.parametrize("line", MARTS)
def test_the_rows_behind_random_cells_make_their_figures(in_group: Group, line: str) -> None:
    scope = access.scope("group-director")
    chance = random.Random(line)
    for indicator in semantic.metrics(line):
        if not is_made_of_rows(indicator.name, scope):
            continue
        cells = semantic.query([indicator.name], by=["site"], grain="year", scope=scope).table.to_pylist()
        for cell in chance.sample(cells, min(3, len(cells))):
            figure = cell.pop(indicator.name)
            cell["metric_time__year"] = cell.pop("metric_time")
            page = semantic.rows(indicator.name, cell, limit=0, scope=scope)
            assert close(page.figure or 0, figure or 0), (indicator.name, cell)


def test_the_rows_behind_a_state_are_those_of_the_last_day_it_is_taken_on(in_group: Group) -> None:
    scope = access.scope("group-director")
    chance = random.Random("states")
    for by, grain in (("structure", "month"), ("site", "quarter"), ("site_commune", "year"), ("structure", None)):
        cells = semantic.query(["childcare_places"], by=[by], grain=grain, scope=scope).table.to_pylist()
        for cell in chance.sample(cells, min(5, len(cells))):
            places = cell.pop("childcare_places")
            if grain:
                cell[f"metric_time__{grain}"] = cell.pop("metric_time")
            page = semantic.rows("childcare_places", cell, scope=scope)
            rows = page.table.to_pylist()
            assert (page.figure, sum(r["childcare_places"] for r in rows)) == (places, places), cell
            assert len({(r["site"], r["open_on"]) for r in rows}) == len({r["site"] for r in rows}) > 0, cell


@pytest.mark.parametrize("line", MARTS)
def test_every_indicator_can_be_explained_from_its_sources(in_group: Group, line: str) -> None:
    scope = access.scope("group-director")
    for indicator in semantic.metrics(line):
        told = semantic.explain(indicator.name, scope=scope)
        assert told.sql.startswith("SELECT"), indicator.name
        assert {step.name for step in told.of_kind("source")} & set(indicator.sources), indicator.name
        assert [step for step in told.of_kind("source") if not step.grain] == []
        assert f"fct_{line}" in " ".join(step.name for step in told.of_kind("model")), indicator.name


def test_what_stands_on_a_doubtful_value_says_so_also_where_it_is_made_of_another_indicator(in_group: Group) -> None:
    for metric in ("childcare_psu_eur", "childcare_psu_per_hour_eur", "childcare_revenue_eur", "group_revenue_eur"):
        notes = semantic.query([metric], scope=access.scope()).notes
        assert any("Hourly ceiling of the PSU" in note.en for note in notes), metric
    assert semantic.query(["childcare_family_fees_eur"], scope=access.scope()).notes == ()


def test_an_indicator_rests_on_parameters_that_there_are(in_group: Group) -> None:
    known = {p.name for p in semantic.parameters()}
    named = {name for i in semantic.metrics() for name in i.parameters}
    assert named
    assert named <= known
