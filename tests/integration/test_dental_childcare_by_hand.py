"""Every dental and childcare indicator, on random cells, against SQL written by hand on the staging rows.

A cell is an indicator, in the group, one structure or one site, over one month, quarter or year. The SQL below shares
nothing with the models and definitions that it checks but the staging rows.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import duckdb
import pytest
from group import Group

from lake import access, builds, semantic
from lake.semantic import Filter

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

CELLS = 120


@dataclass(frozen=True)
class Part:
    """`select {value} from {rows}` where `day` is in the period; `rows` has structure_id and site_id."""

    value: str
    rows: str
    day: str


def _each(rows: str, day: str, **values: str) -> dict[str, Part]:
    return {name: Part(value, rows, day) for name, value in values.items()}


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
            then case when year(performed_on) < 2020 then 'free' else 'rac0' end
        when grouping_code in ('PA0', 'PT0', 'RA0', 'RF0', 'RS0')
            then case when year(performed_on) < 2021 then 'free' else 'rac0' end
        when grouping_code in ('PF1', 'IC1', 'CT1', 'IN1', 'PA1', 'RE1', 'BR1')
            then case when performed_on < date '2019-04-01' then 'free' else 'capped' end
        when grouping_code in ('PFC', 'PFM', 'ICO', 'INO', 'PAR', 'PAM', 'RPN', 'IMP') then 'free'
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
        when 2022 then [9.11, 8.43, 7.80] when 2023 then [9.60, 8.88, 8.21] when 2024 then [10.05, 9.29, 8.60]
        else [10.24, null, 8.74]
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
    **_each(CHAIRS, "opened_on", dental_open_hours="sum(open_hours)", dental_chair_days="count(*)"),
    **_each(SLOTS, "appointment_on",
            dental_booked_hours="sum(duration_minutes) filter (status <> 'cancelled') / 60",
            dental_honoured_hours="sum(duration_minutes) filter (status = 'honoured') / 60",
            dental_expected_appointments="count(*) filter (status in ('honoured', 'no_show'))",
            dental_no_shows="count(*) filter (status = 'no_show')",
            dental_patients_seen="count(distinct person_id) filter (status = 'honoured')",
            dental_new_patients="count(distinct person_id) filter (status = 'honoured' and is_new_patient)"),
    **_each(QUOTED, "quoted_on",
            dental_quoted_eur="sum(fee_eur)",
            dental_accepted_eur="sum(fee_eur) filter (status = 'accepted')",
            dental_quotes="count(distinct quote_id)",
            dental_accepted_quotes="count(distinct quote_id) filter (status = 'accepted')"),
    **_each(BASKETS, "performed_on",
            dental_fees_eur="sum(fee_eur)",
            dental_acts="count(*)",
            dental_prosthetic_fees_eur="sum(fee_eur) filter (basket is not null)",
            dental_household_eur="sum(household_eur)",
            **{f"dental_{b}_fees_eur": f"sum(fee_eur) filter (basket = '{b}')" for b in ("rac0", "capped", "free")},
            **{f"dental_{b}_acts": f"count(*) filter (basket = '{b}')" for b in ("rac0", "capped", "free")}),
    **_each(f"(select * from {CLAIMS} where status <> 'sent')", "sent_on",
            dental_claims_returned="count(*)",
            dental_claims_rejected="count(*) filter (status = 'rejected')",
            dental_claims_returned_eur="sum(claimed_eur)",
            dental_claims_rejected_eur="sum(claimed_eur) filter (status = 'rejected')"),
    **_each(CAPACITY, "open_on",
            childcare_capacity_hours="sum(places * slot_hours)",
            childcare_opening_hours="sum(slot_hours)",
            childcare_open_days="count(distinct (site_id, open_on))",
            childcare_nurseries="count(distinct site_id)"),
    **_each(CONTRACTS, "starts_on",
            childcare_contracts_signed="count(*)",
            childcare_contracted_weekly_hours="sum(weekly_hours)"),
    **_each(ATTENDANCE, "attended_on",
            childcare_booked_hours="sum(booked_hours)",
            childcare_billed_hours="sum(billed_hours)",
            childcare_attended_hours="sum(attended_hours)",
            childcare_children="count(distinct person_id)",
            childcare_child_days="count(*)",
            childcare_absent_days="count(*) filter (attended_hours = 0)"),
    **_each(PRICED, "attended_on",
            childcare_psu_eur=f"sum(round(billed_hours * (0.66 * ({CEILING}) - hourly_fee_eur), 2))"),
    **_each(INVOICES, "care_month",
            childcare_family_fees_eur="sum(amount_eur)",
            childcare_paid_fees_eur="sum(paid_eur)",
            childcare_invoiced_hours="sum(billed_hours)"),
    **_each(DUE, "care_month",
            childcare_due_fees_eur="sum(amount_eur)",
            childcare_unpaid_fees_eur="sum(amount_eur - paid_eur)"),
    **_each(FILOUE, "last_day_on",
            childcare_filoue_children="count(*)",
            childcare_filoue_billed_hours="sum(billed_hours)",
            childcare_filoue_attended_hours="sum(attended_hours)",
            childcare_filoue_amount_eur="sum(amount_eur)"),
}  # fmt: skip

#: Indicator → numerator, denominator.
RATIOS: dict[str, tuple[str, str]] = {
    "dental_chair_occupancy": ("dental_booked_hours", "dental_open_hours"),
    "dental_net_chair_occupancy": ("dental_honoured_hours", "dental_open_hours"),
    "dental_fees_per_chair_hour_eur": ("dental_fees_eur", "dental_open_hours"),
    "dental_no_show_rate": ("dental_no_shows", "dental_expected_appointments"),
    "dental_new_patient_share": ("dental_new_patients", "dental_patients_seen"),
    "dental_quote_acceptance_rate": ("dental_accepted_quotes", "dental_quotes"),
    "dental_quote_acceptance_value_rate": ("dental_accepted_eur", "dental_quoted_eur"),
    "dental_prosthetic_fee_share": ("dental_prosthetic_fees_eur", "dental_fees_eur"),
    "dental_household_share": ("dental_household_eur", "dental_fees_eur"),
    **{
        f"dental_{b}_fee_share": (f"dental_{b}_fees_eur", "dental_prosthetic_fees_eur")
        for b in ("rac0", "capped", "free")
    },
    **{f"dental_{b}_average_act_eur": (f"dental_{b}_fees_eur", f"dental_{b}_acts") for b in ("rac0", "capped", "free")},
    "dental_claim_rejection_rate": ("dental_claims_rejected", "dental_claims_returned"),
    "dental_claim_rejection_value_rate": ("dental_claims_rejected_eur", "dental_claims_returned_eur"),
    "childcare_real_occupancy": ("childcare_attended_hours", "childcare_capacity_hours"),
    "childcare_financial_occupancy": ("childcare_billed_hours", "childcare_capacity_hours"),
    "childcare_billing_rate": ("childcare_billed_hours", "childcare_attended_hours"),
    "childcare_absence_rate": ("childcare_absent_days", "childcare_child_days"),
    "childcare_open_days_per_nursery": ("childcare_open_days", "childcare_nurseries"),
    "childcare_opening_hours_per_day": ("childcare_opening_hours", "childcare_open_days"),
    "childcare_children_per_place": ("childcare_children", "childcare_places"),
    "childcare_weekly_hours_per_contract": ("childcare_contracted_weekly_hours", "childcare_contracts_signed"),
    "childcare_psu_per_hour_eur": ("childcare_psu_eur", "childcare_billed_hours"),
    "childcare_family_fee_per_hour_eur": ("childcare_family_fees_eur", "childcare_invoiced_hours"),
    "childcare_unpaid_rate": ("childcare_unpaid_fees_eur", "childcare_due_fees_eur"),
    "childcare_filoue_billing_rate": ("childcare_filoue_billed_hours", "childcare_filoue_attended_hours"),
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


@dataclass(frozen=True)
class Cell:
    since: date
    until: date
    structure: str | None
    site: str | None


class ByHand:
    """Answers in plain SQL on the staging views of one published line."""

    def __init__(self, line: str) -> None:
        build = builds.published(line)
        assert build is not None
        self.con = duckdb.connect()
        self.con.execute(f"set file_search_path = '{build.database.parent}'")
        self.con.execute(f"attach '{build.database}' as {line} (read_only)")
        self.con.execute(f"use {line}")

    def part(self, name: str, cell: Cell) -> float:
        if name == "childcare_places":  # places do not add up over days: those of each nursery's last open day
            where, values = self._where("open_on", cell)
            last = f"select max_by(places, open_on) as places from {LAST_PLACES} as r where {where} group by site_id"
            sql = f"select sum(places) from ({last})"
        else:
            part = PARTS[name]
            where, values = self._where(part.day, cell)
            sql = f"select {part.value} from {part.rows} as records where {where}"
        ((found,),) = self.con.execute(sql, values).fetchall()
        return float(found or 0)

    def value(self, name: str, cell: Cell) -> float:
        """The indicator; 0 where nothing happened, as for a missing answer."""
        if name in PARTS or name == "childcare_places":
            return self.part(name, cell)
        if name == "childcare_revenue_eur":
            return self.part("childcare_family_fees_eur", cell) + self.part("childcare_psu_eur", cell)
        numerator, denominator = RATIOS[name]
        below = self.part(denominator, cell)
        return self.part(numerator, cell) / below if below else 0.0

    @staticmethod
    def _where(day: str, cell: Cell) -> tuple[str, list[object]]:
        where, values = [f"{day} between ? and ?"], list[object]((cell.since, cell.until))
        for column, value in (("structure_id", cell.structure), ("site_id", cell.site)):
            if value:
                where.append(f"{column} = ?")
                values.append(value)
        return " and ".join(where), values


def _cells(rng: random.Random, by_hand: ByHand, line: str) -> Iterator[Cell]:
    """Years, quarters and months, of the group, a structure or a site."""
    rows, day = (ACTS, "performed_on") if line == "dental" else (ATTENDANCE, "attended_on")
    places = by_hand.con.execute(f"select structure_id, site_id, {day} from {rows} order by _key").fetchall()
    while True:
        structure, site, day_on = rng.choice(places)
        months = rng.choice((1, 3, 12))
        first = date(day_on.year, (day_on.month - 1) // months * months + 1, 1)
        after = first.month - 1 + months
        last = date.fromordinal(date(first.year + after // 12, after % 12 + 1, 1).toordinal() - 1)
        kind = rng.choice(("group", "structure", "site"))
        yield Cell(first, last, None if kind == "group" else structure, site if kind == "site" else None)


@pytest.mark.parametrize("line", ["dental", "childcare"])
def test_every_indicator_is_checked_by_hand(in_group: Group, line: str) -> None:
    names = {i.name for i in semantic.metrics() if i.name.startswith(f"{line}_")}
    others = {"childcare_places", "childcare_revenue_eur"}
    assert names == {n for n in {*PARTS, *RATIOS, *ELSEWHERE, *others} if n.startswith(line)}


@pytest.mark.parametrize("line", ["dental", "childcare"])
def test_a_random_cell_is_what_the_staging_rows_say(in_group: Group, line: str) -> None:
    rng = random.Random(f"cells of {line}")
    by_hand = ByHand(line)
    names = sorted({i.name for i in semantic.metrics(line)} - ELSEWHERE)
    cells = _cells(rng, by_hand, line)
    seen_something = 0
    for number in range(max(CELLS, len(names))):
        name, cell = names[number % len(names)], next(cells)
        where = [Filter("structure", "=", (cell.structure,))] if cell.structure else []
        where += [Filter("site", "=", (cell.site,))] if cell.site else []
        scope = access.scope("group-director")
        table = semantic.query([name], where=where, since=cell.since, until=cell.until, scope=scope).table
        found = float(table.column(name)[0].as_py() or 0) if table.num_rows else 0.0
        # The fund's contribution is rounded by day from a quotient of floats: a cent more or less a day.
        slack = 0.02 if "psu" in name or "revenue" in name else 1e-9
        assert found == pytest.approx(by_hand.value(name, cell), rel=1e-9, abs=slack), (name, cell)
        seen_something += found != 0
    assert seen_something > CELLS / 3


def test_a_chair_s_occupancy_is_its_slots_over_its_opening(in_group: Group) -> None:
    """A ratio of two facts, by an entity that they share: neither is counted once per row of the other."""
    by_hand = ByHand("dental")
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


def test_basket_shares_make_one_in_every_year(in_group: Group) -> None:
    names = [f"dental_{basket}_fee_share" for basket in ("rac0", "capped", "free")]
    rows = semantic.query(names, grain="year", scope=access.scope("group-director")).table.to_pylist()
    assert len(rows) == 7
    assert [sum(row[name] or 0 for name in names) for row in rows] == pytest.approx([1.0] * 7)
