"""Every dental and childcare indicator, on random cells, against SQL written by hand on the staging rows.

The SQL below shares nothing with the models and definitions that it checks but the staging rows: see `by_hand.py`.
"""

from __future__ import annotations

import pytest
from by_hand import ByHand, Formula, Part, every_indicator_is_checked, parts, random_cells_agree, ratio
from group import Group

from lake import access, semantic

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

CHAIRS = "staging.stg_dental__chairs"
SLOTS = "staging.stg_dental__appointments"
QUOTED = "staging.stg_dental__quote_lines"
ACTS = "staging.stg_dental__acts"
CLAIMS = "staging.stg_dental__claims"
CAPACITY = "staging.stg_childcare__capacity"
CONTRACTS = "staging.stg_childcare__contracts"
ATTENDANCE = "staging.stg_childcare__attendance"
INVOICES = "staging.stg_childcare__invoices"
FILOUE = "staging.stg_childcare__filoue"

BASKETS = f"""(
    select *, case
        when grouping_code in ('CM0', 'CZ0', 'PF0', 'IC0', 'CT0')
            then case
                when performed_on < date '2019-04-01' then 'free' when year(performed_on) < 2020 then 'capped'
                else 'rac0'
            end
        when grouping_code in ('PA0', 'PT0', 'RA0', 'RF0', 'RS0', 'SU0')
            then case when year(performed_on) < 2021 then 'free' else 'rac0' end
        when grouping_code in ('PF1', 'CZ1', 'IN1', 'PA1', 'RE1', 'BR1', 'SU1')
            then case when year(performed_on) < 2020 then 'free' else 'capped' end
        when grouping_code in ('IC1', 'CT1')
            then case when performed_on < date '2019-04-01' then 'free' else 'capped' end
        when grouping_code in ('PFC', 'PFM', 'ICO', 'INO', 'PAR', 'PAM', 'RPN', 'IMP', 'PDT') then 'free'
    end as basket
    from {ACTS}
)"""
LAST_PLACES = f"""(
    select structure_id, site_id, open_on, places from {CAPACITY} where slot = 'day'
)"""
DUE = f"""(
    select * from {INVOICES}
    where due_on <= (select max(timezone('Europe/Paris', changed_at))::date from {INVOICES})
)"""
PRICED = f"""(
    select a.*, c.hourly_fee_eur, case year(a.attended_on)
        when 2019 then [8.63, 7.98, 7.38] when 2020 then [8.77, 8.11, 7.50] when 2021 then [8.89, 8.22, 7.61]
        when 2022 then [9.33, 8.63, 7.99] when 2023 then [9.96, 9.21, 8.53] when 2024 then [10.31, 9.53, 8.82]
        when 2025 then [10.31, null, 8.82] else [10.51, null, 8.82]
    end as ceilings, y.rate
    from {ATTENDANCE} a
    join {CONTRACTS} c using (contract_id)
    join (
        select site_id, year(attended_on) as year, sum(billed_hours) / nullif(sum(attended_hours), 0) as rate
        from {ATTENDANCE} group by all
    ) y on y.site_id = a.site_id and y.year = year(a.attended_on)
)"""
CEILING = """case
    when coalesce(rate, 1) <= 1.07 then ceilings[1]
    when year(attended_on) < 2025 then case when rate <= 1.17 then ceilings[2] else ceilings[3] end
    else ceilings[1] + least((rate - 1.07) / 0.13, 1) * (ceilings[3] - ceilings[1])
end"""

PARTS: dict[str, Part] = {
    **parts(CHAIRS, "opened_on", dental_open_hours="sum(open_hours)", dental_clock_open_hours="sum(open_hours)",
            dental_chair_days="count(*)"),
    **parts(SLOTS, "appointment_on",
            dental_booked_hours="sum(duration_minutes) filter (status <> 'cancelled') / 60",
            dental_clock_booked_hours="sum(duration_minutes) filter (status <> 'cancelled') / 60",
            dental_honoured_hours="sum(duration_minutes) filter (status = 'honoured') / 60",
            dental_expected_appointments="count(*) filter (status in ('honoured', 'no_show'))",
            dental_no_shows="count(*) filter (status = 'no_show')",
            dental_patients_seen="count(distinct person_id) filter (status = 'honoured')",
            dental_new_patients="count(distinct person_id) filter (status = 'honoured' and is_new_patient)"),
    **parts(QUOTED, "quoted_on",
            dental_quoted_eur="sum(fee_eur)",
            dental_pending_eur="sum(fee_eur) filter (status = 'pending')",
            dental_quotes="count(distinct quote_id)",
            dental_pending_quotes="count(distinct quote_id) filter (status = 'pending')"),
    **parts(f"(select * from {QUOTED} where status <> 'pending')", "decided_on",
            dental_decided_eur="sum(fee_eur)",
            dental_accepted_eur="sum(fee_eur) filter (status = 'accepted')",
            dental_decided_quotes="count(distinct quote_id)",
            dental_accepted_quotes="count(distinct quote_id) filter (status = 'accepted')"),
    **parts(BASKETS, "performed_on",
            dental_fees_eur="sum(fee_eur)",
            dental_acts="count(*) filter (fee_eur >= 0)",
            dental_patients_treated="count(distinct person_id) filter (fee_eur >= 0)",
            dental_prosthetic_fees_eur="sum(fee_eur) filter (basket is not null)",
            dental_household_eur="sum(household_eur)",
            **{f"dental_{b}_fees_eur": f"sum(fee_eur) filter (basket = '{b}')" for b in ("rac0", "capped", "free")},
            **{
                f"dental_{b}_acts": f"count(*) filter (basket = '{b}' and fee_eur >= 0)"
                for b in ("rac0", "capped", "free")
            }),
    **parts(f"(select * from {CLAIMS} where status <> 'sent')", "returned_on",
            dental_claims_returned="count(*)",
            dental_claims_rejected="count(*) filter (status = 'rejected')",
            dental_claims_returned_eur="sum(claimed_eur)",
            dental_claims_rejected_eur="sum(claimed_eur) filter (status = 'rejected')"),
    **parts(CAPACITY, "open_on",
            childcare_capacity_hours="sum(places * slot_hours)",
            childcare_clock_capacity_hours="sum(places * slot_hours)",
            childcare_opening_hours="sum(slot_hours)",
            childcare_open_days="count(distinct (site_id, open_on))",
            childcare_nurseries="count(distinct site_id)"),
    **parts(CONTRACTS, "starts_on",
            childcare_contracts_signed="count(*)",
            childcare_contracted_weekly_hours="sum(weekly_hours)"),
    **parts(ATTENDANCE, "attended_on",
            childcare_booked_hours="sum(booked_hours)",
            childcare_billed_hours="sum(billed_hours)",
            childcare_attended_hours="sum(attended_hours)",
            childcare_clock_attended_hours="sum(attended_hours)",
            childcare_children="count(distinct person_id) filter (attended_hours > 0)",
            childcare_child_days="count(*)",
            childcare_absent_days="count(*) filter (attended_hours = 0)"),
    **parts(PRICED, "attended_on",
            childcare_psu_eur=f"sum(round(billed_hours * (0.66 * ({CEILING}) - hourly_fee_eur), 2))"),
    **parts(INVOICES, "care_month",
            childcare_family_fees_eur="sum(amount_eur)",
            childcare_paid_fees_eur="sum(paid_eur)",
            childcare_invoiced_hours="sum(billed_hours)"),
    **parts(DUE, "care_month",
            childcare_due_fees_eur="sum(amount_eur)",
            childcare_unpaid_fees_eur="sum(amount_eur - paid_eur)"),
    **parts(FILOUE, "last_day_on",
            childcare_filoue_children="count(*)",
            childcare_filoue_billed_hours="sum(billed_hours)",
            childcare_filoue_attended_hours="sum(attended_hours)",
            childcare_filoue_amount_eur="sum(amount_eur)"),
    # places do not add up over days: those of each nursery's last open day
    "childcare_places": Part("max_by(places, open_on)", LAST_PLACES, "open_on", each="site_id"),
}  # fmt: skip

FORMULAS: dict[str, Formula] = {
    "dental_chair_occupancy": ratio("dental_booked_hours", "dental_open_hours"),
    "dental_clock_occupancy": ratio("dental_clock_booked_hours", "dental_clock_open_hours"),
    "dental_net_chair_occupancy": ratio("dental_honoured_hours", "dental_open_hours"),
    "dental_fees_per_chair_hour_eur": ratio("dental_fees_eur", "dental_open_hours"),
    "dental_no_show_rate": ratio("dental_no_shows", "dental_expected_appointments"),
    "dental_new_patient_share": ratio("dental_new_patients", "dental_patients_seen"),
    "dental_quote_acceptance_rate": ratio("dental_accepted_quotes", "dental_decided_quotes"),
    "dental_quote_acceptance_value_rate": ratio("dental_accepted_eur", "dental_decided_eur"),
    "dental_prosthetic_fee_share": ratio("dental_prosthetic_fees_eur", "dental_fees_eur"),
    "dental_household_share": ratio("dental_household_eur", "dental_fees_eur"),
    **{
        f"dental_{b}_fee_share": ratio(f"dental_{b}_fees_eur", "dental_prosthetic_fees_eur")
        for b in ("rac0", "capped", "free")
    },
    **{
        f"dental_{b}_average_act_eur": ratio(f"dental_{b}_fees_eur", f"dental_{b}_acts")
        for b in ("rac0", "capped", "free")
    },
    "dental_claim_rejection_rate": ratio("dental_claims_rejected", "dental_claims_returned"),
    "dental_claim_rejection_value_rate": ratio("dental_claims_rejected_eur", "dental_claims_returned_eur"),
    "childcare_real_occupancy": ratio("childcare_attended_hours", "childcare_capacity_hours"),
    "childcare_clock_occupancy": ratio("childcare_clock_attended_hours", "childcare_clock_capacity_hours"),
    "childcare_financial_occupancy": ratio("childcare_billed_hours", "childcare_capacity_hours"),
    "childcare_billing_rate": ratio("childcare_billed_hours", "childcare_attended_hours"),
    "childcare_absence_rate": ratio("childcare_absent_days", "childcare_child_days"),
    "childcare_open_days_per_nursery": ratio("childcare_open_days", "childcare_nurseries"),
    "childcare_opening_hours_per_day": ratio("childcare_opening_hours", "childcare_open_days"),
    "childcare_children_per_place": ratio("childcare_children", "childcare_places"),
    "childcare_weekly_hours_per_contract": ratio("childcare_contracted_weekly_hours", "childcare_contracts_signed"),
    "childcare_psu_per_hour_eur": ratio("childcare_psu_eur", "childcare_billed_hours"),
    "childcare_family_fee_per_hour_eur": ratio("childcare_family_fees_eur", "childcare_invoiced_hours"),
    "childcare_unpaid_rate": ratio("childcare_unpaid_fees_eur", "childcare_due_fees_eur"),
    "childcare_filoue_billing_rate": ratio("childcare_filoue_billed_hours", "childcare_filoue_attended_hours"),
    "childcare_revenue_eur": lambda value: value("childcare_family_fees_eur") + value("childcare_psu_eur"),
}

#: Indicators whose other part is not staged by the line: staff is a shared dimension's, costs are in the books.
ELSEWHERE = {
    "dental_practitioner_fte_months",
    "dental_fees_per_practitioner_fte_eur",
    "childcare_staff_fte_months",
    "childcare_staff_hours_per_child_hour",
    "childcare_costs_eur",
    "childcare_cost_per_attended_hour_eur",
    "childcare_cost_per_place_eur",
}


#: Around which events cells are chosen.
EVENTS = {"dental": (ACTS, "performed_on"), "childcare": (ATTENDANCE, "attended_on")}


@pytest.mark.parametrize("line", ["dental", "childcare"])
def test_every_indicator_is_checked_by_hand(in_group: Group, line: str) -> None:
    every_indicator_is_checked(ByHand(line, PARTS, FORMULAS), ELSEWHERE)


@pytest.mark.parametrize("line", ["dental", "childcare"])
def test_a_random_cell_is_what_the_staging_rows_say(in_group: Group, line: str) -> None:
    # The fund's contribution is rounded by day from a quotient of floats: a cent more or less a day.
    def slack(name: str) -> float:
        return 0.02 if "psu" in name or "revenue" in name else 1e-9

    random_cells_agree(ByHand(line, PARTS, FORMULAS), *EVENTS[line], slack=slack)


def test_a_chair_s_occupancy_is_its_slots_over_its_opening(in_group: Group) -> None:
    """A ratio of two facts, by an entity that they share: neither is counted once per row of the other."""
    by_hand = ByHand("dental", PARTS, FORMULAS)
    expected = dict(
        by_hand.con.execute(
            f"""
            select chair_key, coalesce(booked, 0) / 60 / open_hours
            from (select chair_key, sum(open_hours) as open_hours from {CHAIRS} group by 1)
            left join (
                select chair_key, sum(duration_minutes) as booked from {SLOTS} where status <> 'cancelled' group by 1
            ) using (chair_key)
            """
        ).fetchall()
    )
    answer = semantic.query(["dental_chair_occupancy"], by=["chair"], scope=access.scope("group-director")).table
    found = {row["chair"]: row["dental_chair_occupancy"] or 0 for row in answer.to_pylist()}
    assert {chair: found[chair] for chair in expected} == pytest.approx(expected)


def _minute(clock: str) -> str:
    return f"(hour({clock}::time) * 60 + minute({clock}::time))"


#: What is open and what is used of it, minute by minute: weekday, minute of the day, and how much of a minute it is.
MINUTES = {
    "dental": (
        f"select isodow(opened_on) as weekday, unnest(range({_minute('opens_at')}, "
        f"{_minute('opens_at')} + (open_hours * 60)::bigint)) as minute, 1 as amount from {CHAIRS}",
        f"select isodow(appointment_on) as weekday, unnest(range({_minute('start_time')}, {_minute('start_time')} + "
        f"duration_minutes)) as minute, 1 as amount from {SLOTS} where status <> 'cancelled'",
    ),
    "childcare": (
        f"select isodow(open_on) as weekday, unnest(range({_minute('opens_at')}, "
        f"{_minute('opens_at')} + (slot_hours * 60)::bigint)) as minute, places as amount from {CAPACITY} "
        f"where (site_id, open_on) not in (select (site_id, attended_on) from {ATTENDANCE} where attended_hours > 0 "
        "group by all having count(arrived_at) = 0)",
        f"select isodow(attended_on) as weekday, unnest(range({_minute('arrived_at')}, {_minute('left_at')})) "
        f"as minute, 1 as amount from {ATTENDANCE} where attended_hours > 0 and arrived_at is not null",
    ),
}


@pytest.mark.parametrize("line", ["dental", "childcare"])
def test_occupancy_by_weekday_and_hour_is_what_is_used_of_what_is_open_in_that_hour(in_group: Group, line: str) -> None:
    opened, used = MINUTES[line]
    by_hand = ByHand(line, PARTS, FORMULAS)
    expected = {
        (weekday, hour): taken / places
        for weekday, hour, taken, places in by_hand.con.execute(
            f"""
            select weekday, minute // 60 as hour, sum(taken)::double, sum(places)::double
            from (
                select weekday, minute, 0 as taken, amount as places from ({opened})
                union all
                select weekday, minute, amount, 0 from ({used})
            )
            group by all
            having sum(places) > 0
            """
        ).fetchall()
    }
    answer = semantic.query(
        [f"{line}_clock_occupancy"], by=["weekday", "clock_hour"], scope=access.scope("group-director")
    ).table.to_pylist()
    found = {(r["weekday"], r["clock_hour"]): r[f"{line}_clock_occupancy"] for r in answer}
    assert len(expected) > 20
    assert {cell: found[cell] for cell in expected} == pytest.approx(expected, rel=2e-3)


def test_basket_shares_make_one_in_every_year(in_group: Group) -> None:
    names = [f"dental_{basket}_fee_share" for basket in ("rac0", "capped", "free")]
    rows = semantic.query(names, grain="year", scope=access.scope("group-director")).table.to_pylist()
    assert len(rows) == 2
    assert [sum(row[name] or 0 for name in names) for row in rows] == pytest.approx([1.0] * 2)
