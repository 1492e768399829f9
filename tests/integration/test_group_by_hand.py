"""Every indicator of the group's mart, on random cells, against SQL written by hand on the lines' staging rows.

What a day of care earns (PSU) is taken from the childcare mart, whose own test works it out by hand; the rest shares
nothing with the models and definitions that it checks but the staging rows: see `by_hand.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from by_hand import ByHand, Formula, Part, every_indicator_is_checked, parts, random_cells_agree, ratio
from group import Group

from lake import access, semantic
from lake.semantic import Filter
from lake.settings import TRADES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

#: Everything that earned or gave back money: whether it served the person by `serves`, and opens a journey by `opens`.
EVENTS = """
create temp table events as
select _key, structure_id, site_id, person_id, 'audio' as line, fitted_on as day, price_eur as eur,
    true as serves, true as opens
from audio.staging.stg_audio__fittings
union all
select _key, structure_id, site_id, person_id, 'audio', returned_on, -refund_eur, false, false
from audio.staging.stg_audio__returns
union all
select _key, structure_id, site_id, person_id, 'dental', performed_on, fee_eur, fee_eur >= 0, fee_eur >= 0
from dental.staging.stg_dental__acts
union all
select _key, structure_id, site_id, person_id, 'optical', sold_on, net_eur, net_eur >= 0,
    net_eur >= 0 and item in ('frame', 'left_lens', 'right_lens')
from optical.staging.stg_optical__sale_lines
union all
select _key, structure_id, site_id, person_id, 'childcare', attended_on, psu_eur, attended_hours > 0, attended_hours > 0
from childcare.atomic.fct_childcare_attendance
union all
select _key, structure_id, site_id, person_id, 'childcare', care_month, amount_eur, false, false
from childcare.staging.stg_childcare__invoices
"""

SERVICES = """
create temp table services as
select
    e.*,
    (select count(distinct o.line) from events o where o.serves and o.person_id = e.person_id and o.day <= e.day)
        as used
from events e
"""

JOURNEYS = """
create temp table journeys as
with starts as (
    select distinct on (person_id, line) *
    from events
    where opens
    order by person_id, line, day, _key
)
select
    s.person_id, s.line, o.line as next_line, s.structure_id, s.site_id, s.day, s._key,
    (
        select min(n.day) from events n
        where n.opens and n.person_id = s.person_id and n.line = o.line and n.day > s.day
    ) as next_day,
    (s.day + interval 24 month)::date as until,
    o.known
from starts s
join (select line, max(day) as known from events where opens group by line) o on s.line <> o.line
"""

GLASSES = "line = 'optical' and next_line = 'audio'"
FITTED = f"{GLASSES} and next_day <= until"

PARTS: dict[str, Part] = {
    **parts("services", "day",
            group_revenue_eur="sum(eur)",
            group_two_lines_revenue_eur="sum(eur) filter (used > 1)",
            group_customers="count(distinct person_id) filter (serves)",
            group_customers_two_lines="count(distinct person_id) filter (serves and used > 1)"),
    **parts("journeys", "day",
            group_glasses_buyers=f"count(*) filter ({GLASSES})"),
    **parts("journeys", "until",
            group_glasses_buyers_observed=f"count(*) filter ({GLASSES} and until <= known)",
            group_glasses_then_hearing_aids_observed=f"count(*) filter ({FITTED} and until <= known)",
            group_glasses_to_hearing_aids_days_total=f"sum(next_day - day) filter ({FITTED} and until <= known)",
            group_journeys_observed="count(*) filter (until <= known)",
            group_journeys_followed="count(*) filter (until <= known and next_day <= until)"),
}  # fmt: skip

FORMULAS: dict[str, Formula] = {
    "group_two_lines_rate": ratio("group_customers_two_lines", "group_customers"),
    "group_two_lines_revenue_share": ratio("group_two_lines_revenue_eur", "group_revenue_eur"),
    "group_revenue_per_customer_eur": ratio("group_revenue_eur", "group_customers"),
    "group_glasses_then_hearing_aids_rate": ratio(
        "group_glasses_then_hearing_aids_observed", "group_glasses_buyers_observed"
    ),
    "group_glasses_to_hearing_aids_days": ratio(
        "group_glasses_to_hearing_aids_days_total", "group_glasses_then_hearing_aids_observed"
    ),
    "group_journey_rate": ratio("group_journeys_followed", "group_journeys_observed"),
}

#: Indicators of the shared dimensions.
ELSEWHERE = {"group_fte", "group_fte_months", "group_staff_months"}

#: What each line calls its own revenue.
OWN = {
    "audio": "audio_net_sales_eur",
    "dental": "dental_fees_eur",
    "optical": "optical_net_sales_eur",
    "childcare": "childcare_revenue_eur",
}


@pytest.fixture
def by_hand(in_group: Group) -> Iterator[ByHand]:
    worked = ByHand("group", PARTS, FORMULAS, other_lines=TRADES)
    for statement in (EVENTS, SERVICES, JOURNEYS):
        worked.con.execute(statement)
    yield worked
    worked.con.close()


def test_every_indicator_is_checked_by_hand(by_hand: ByHand) -> None:
    every_indicator_is_checked(by_hand, ELSEWHERE)


def test_a_random_cell_is_what_the_staging_rows_say(by_hand: ByHand) -> None:
    # Few persons of the sample use two lines: journeys are mostly empty in a month of a site.
    random_cells_agree(by_hand, "services", "day", count=120, filled_share=0.2)


def test_journeys_by_their_two_lines_are_what_the_staging_rows_say(by_hand: ByHand) -> None:
    names = ["group_journeys_observed", "group_journeys_followed"]
    by = ["first_line", "next_line", "structure"]
    found = semantic.query(names, by=by, scope=access.scope("group-director")).table.to_pylist()
    expected = by_hand.con.execute(
        "select line, next_line, structure_id, count(*) filter (until <= known), "
        "count(*) filter (until <= known and next_day <= until) from journeys group by all"
    ).fetchall()
    assert {tuple(row[k] for k in (*by, *names)) for row in found} == set(expected)
    assert expected


def test_revenue_by_structure_and_month_over_all_lines_is_each_line_s_own(in_group: Group) -> None:
    """One question across lines gives what the lines answer one by one, to the cent; also to who sees one structure."""
    for role in ("group-director", "structure-director"):
        scope = access.scope(role)
        across = semantic.query(
            ["group_revenue_eur"], by=["structure", "business_line"], grain="month", scope=scope
        ).table.to_pylist()
        found = {(r["business_line"], r["structure"], r["metric_time"]): r["group_revenue_eur"] for r in across}
        for line, own in OWN.items():
            rows = semantic.query([own], by=["structure"], grain="month", scope=scope).table.to_pylist()
            told = {(line, r["structure"], r["metric_time"]): r[own] for r in rows if r[own]}
            assert {k: v for k, v in found.items() if k[0] == line and v} == told
            assert told or role == "structure-director"


def test_what_comes_later_does_not_change_the_lines_used(by_hand: ByHand) -> None:
    """Customers of two lines up to a day are the same, asked alone or among later days."""
    scope = access.scope("group-director")
    name = "group_customers_two_lines"
    whole = semantic.query([name], by=["person"], grain="day", scope=scope).table.to_pylist()
    days = sorted({row["metric_time"] for row in whole if row[name]})
    middle = days[len(days) // 2]
    early = semantic.query([name], by=["person"], grain="day", until=middle, scope=scope).table.to_pylist()
    assert [r for r in early if r[name]] == [r for r in whole if r[name] and r["metric_time"] <= middle]


def test_a_scope_counts_what_its_own_customers_used_elsewhere(by_hand: ByHand) -> None:
    """The rows are the structure's own; how many lines its customers used is counted over the whole group."""
    (own,) = access.scope("structure-director").structures
    (expected,) = by_hand.con.execute(
        "select count(distinct person_id) from services where structure_id = ? and serves and used > 1", [own]
    ).fetchall()[0]
    name = "group_customers_two_lines"
    seen = semantic.query([name], scope=access.scope("structure-director")).table.column(0).to_pylist()
    filtered = semantic.query(
        [name], where=[Filter("structure", "=", (own,))], scope=access.scope("group-director")
    ).table.column(0)
    assert seen == filtered.to_pylist() == [expected]
