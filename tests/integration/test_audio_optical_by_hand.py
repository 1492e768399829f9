"""Every audio and optical indicator, on random cells, against SQL written by hand on the staging rows.

A cell is an indicator, in one structure, site or age band, over one month, quarter or year. The SQL below shares
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

CELLS = 100


@dataclass(frozen=True)
class Part:
    """`select {value} from {rows}` where `day` is in the period; `rows` has structure_id, site_id and person_id."""

    value: str
    rows: str
    day: str


def _each(rows: str, day: str, **values: str) -> dict[str, Part]:
    return {name: Part(value, rows, day) for name, value in values.items()}


FITTINGS = "staging.stg_audio__fittings"
TRIALS = "staging.stg_audio__trials"
SALE_LINES = "staging.stg_optical__sale_lines"
CLAIMS = "staging.stg_optical__claims"
QUOTES = "staging.stg_optical__quotes"
PRESCRIBED = f"""(
    select f.*, p.prescribed_on from {FITTINGS} f join staging.stg_audio__prescriptions p using (prescription_id)
)"""
BINAURAL = f"""(
    select * from {FITTINGS} f where exists (
        select 1 from {FITTINGS} o where o.ear <> f.ear and (
            o.trial_id = f.trial_id
            or (o.trial_id is null and f.trial_id is null and o.person_id = f.person_id and o.fitted_on = f.fitted_on)
        )
    )
)"""
COSTED = f"""(
    select l.*, (
        select p.unit_cost_eur from staging.stg_optical__purchases p
        where p.structure_id = l.structure_id and p.product_code = l.product_code and p.valid_from_on <= l.sold_on
        order by p.valid_from_on desc limit 1
    ) as unit_cost_eur
    from {SALE_LINES} l
)"""
RENEWALS = f"""(
    select structure_id, min(site_id) as site_id, person_id, sold_on, sold_on + interval 36 month as due_on, exists (
        select 1 from {SALE_LINES} o where o.structure_id = l.structure_id and o.person_id = l.person_id
        and o.pair_number = 1 and o.sold_on > l.sold_on and o.sold_on <= l.sold_on + interval 36 month
    ) as came_back
    from {SALE_LINES} l where pair_number = 1
    group by structure_id, person_id, sold_on
    having sold_on + interval 36 month <= (select max(sold_on) from {SALE_LINES})
)"""

PARTS: dict[str, Part] = {
    **_each("staging.stg_audio__prescriptions", "prescribed_on",
            audio_prescriptions="count(*)",
            audio_ent_prescriptions="count(*) filter (prescriber_speciality = 'SM39')"),
    **_each(TRIALS, "started_on", audio_trials_started="count(*)"),
    **_each(f"(select * from {TRIALS} where outcome <> 'open')", "ended_on",
            audio_trials_closed="count(*)",
            audio_trials_fitted="count(*) filter (outcome = 'fitted')",
            audio_trial_days_total="sum(ended_on - started_on)"),
    **_each(FITTINGS, "fitted_on",
            audio_devices_fitted="count(*)",
            audio_patients_fitted="count(distinct person_id)",
            audio_sales_eur="sum(price_eur)",
            audio_sales_excl_vat_eur="sum(price_excl_vat_eur)",
            audio_class_1_devices="count(*) filter (device_class = 'I')",
            audio_class_2_devices="count(*) filter (device_class = 'II')",
            audio_class_1_sales_eur="sum(price_eur) filter (device_class = 'I')",
            audio_class_2_sales_eur="sum(price_eur) filter (device_class = 'II')",
            audio_discounts_eur="sum(discount_eur)",
            audio_amo_eur="sum(amo_eur)",
            audio_amc_eur="sum(amc_eur)",
            audio_patient_eur="sum(patient_eur)",
            audio_renewals="count(previous_fitted_on)",
            audio_renewal_days_total="sum(fitted_on - previous_fitted_on)"),
    **_each(PRESCRIBED, "fitted_on",
            audio_fittings_with_prescription="count(*)",
            audio_days_from_prescription_total="sum(fitted_on - prescribed_on)"),
    **_each(BINAURAL, "fitted_on", audio_patients_fitted_both_ears="count(distinct person_id)"),
    **_each("staging.stg_audio__returns", "returned_on",
            audio_devices_returned="count(*)",
            audio_refunds_eur="sum(refund_eur)",
            audio_refunds_excl_vat_eur="sum(refund_excl_vat_eur)"),
    **_each("(select * from staging.stg_audio__sessions where session_kind <> 'yearly')", "due_on",
            audio_sessions_due="count(*) filter (status <> 'cancelled')",
            audio_sessions_done="count(*) filter (status = 'done')"),
    **_each("(select * from staging.stg_audio__sessions where session_kind = 'yearly')", "due_on",
            audio_yearly_sessions_due="count(*) filter (status <> 'cancelled')",
            audio_yearly_sessions_done="count(*) filter (status = 'done')"),
    **_each(QUOTES, "quoted_on", optical_quotes_given="count(*)", optical_quotes_amount_eur="sum(amount_eur)"),
    **_each(f"(select * from {QUOTES} where outcome <> 'pending')", "decided_on",
            optical_quotes_decided="count(*)",
            optical_quotes_sold="count(*) filter (outcome = 'sold')",
            optical_quotes_decided_eur="sum(amount_eur)",
            optical_quotes_sold_eur="sum(amount_eur) filter (outcome = 'sold')"),
    **_each(SALE_LINES, "sold_on",
            optical_net_sales_eur="sum(net_eur)",
            optical_net_sales_excl_vat_eur="sum(net_excl_vat_eur)",
            optical_discounts_eur="sum(discount_eur)",
            optical_sales="count(distinct sale_id)",
            optical_customers="count(distinct person_id)",
            optical_pairs_sold="count(distinct (sale_id, pair_number)) filter (pair_number is not null)",
            optical_first_pairs="count(distinct sale_id) filter (pair_number = 1)",
            optical_second_pairs="count(distinct (sale_id, pair_number)) filter (pair_number > 1)",
            optical_lenses_sold="sum(quantity) filter (item in ('left_lens', 'right_lens'))",
            optical_class_a_lenses="sum(quantity) filter (item in ('left_lens', 'right_lens') and item_class = 'A')",
            optical_progressive_lenses="sum(quantity) filter (lens_design = 'progressive')",
            optical_frames_sold="sum(quantity) filter (item = 'frame')",
            optical_class_a_frames="sum(quantity) filter (item = 'frame' and item_class = 'A')",
            optical_class_a_sales_eur="sum(net_eur) filter (item_class = 'A')",
            optical_glasses_sales_eur="sum(net_eur) filter (item in ('frame', 'left_lens', 'right_lens'))",
            optical_amo_eur="sum(amo_eur)",
            optical_amc_eur="sum(amc_eur)",
            optical_household_eur="sum(household_eur)",
            optical_third_party_sales="count(distinct sale_id) filter (is_third_party)"),
    **_each(COSTED, "sold_on",
            optical_costed_sales_excl_vat_eur="sum(net_excl_vat_eur) filter (unit_cost_eur is not null)",
            optical_cost_eur="sum(quantity * unit_cost_eur)"),
    **_each(CLAIMS, "sent_on", optical_claims_sent="count(*)", optical_claims_sent_eur="sum(claimed_eur)"),
    **_each(f"(select * from {CLAIMS} where status <> 'sent')", "answered_on",
            optical_claims_answered="count(*)",
            optical_claims_answered_eur="sum(claimed_eur)",
            optical_claims_rejected="count(*) filter (status = 'rejected')",
            optical_claims_rejected_eur="sum(claimed_eur) filter (status = 'rejected')",
            optical_claims_paid="count(*) filter (status = 'paid')",
            optical_claims_paid_eur="sum(paid_eur)",
            optical_payment_days_total="sum(answered_on - sent_on) filter (status = 'paid')"),
    **_each(RENEWALS, "due_on",
            optical_customers_due="count(distinct person_id)",
            optical_customers_renewed="count(distinct person_id) filter (came_back)"),
}  # fmt: skip

#: Indicator → numerator, denominator, factor.
RATIOS: dict[str, tuple[str, str, float]] = {
    "audio_ent_share": ("audio_ent_prescriptions", "audio_prescriptions", 1),
    "audio_conversion": ("audio_trials_fitted", "audio_trials_closed", 1),
    "audio_average_trial_days": ("audio_trial_days_total", "audio_trials_closed", 1),
    "audio_binaural_rate": ("audio_patients_fitted_both_ears", "audio_patients_fitted", 1),
    "audio_class_1_share": ("audio_class_1_devices", "audio_devices_fitted", 1),
    "audio_class_1_value_share": ("audio_class_1_sales_eur", "audio_sales_eur", 1),
    "audio_average_price_eur": ("audio_sales_eur", "audio_devices_fitted", 1),
    "audio_average_price_class_1_eur": ("audio_class_1_sales_eur", "audio_class_1_devices", 1),
    "audio_average_price_class_2_eur": ("audio_class_2_sales_eur", "audio_class_2_devices", 1),
    "audio_amo_share": ("audio_amo_eur", "audio_sales_eur", 1),
    "audio_amc_share": ("audio_amc_eur", "audio_sales_eur", 1),
    "audio_patient_share": ("audio_patient_eur", "audio_sales_eur", 1),
    "audio_renewal_interval_years": ("audio_renewal_days_total", "audio_renewals", 1 / 365.25),
    "audio_days_from_prescription": ("audio_days_from_prescription_total", "audio_fittings_with_prescription", 1),
    "audio_return_rate": ("audio_devices_returned", "audio_devices_fitted", 1),
    "audio_follow_up_rate": ("audio_sessions_done", "audio_sessions_due", 1),
    "audio_yearly_follow_up_rate": ("audio_yearly_sessions_done", "audio_yearly_sessions_due", 1),
    "optical_conversion": ("optical_quotes_sold", "optical_quotes_decided", 1),
    "optical_conversion_in_value": ("optical_quotes_sold_eur", "optical_quotes_decided_eur", 1),
    "optical_second_pair_rate": ("optical_second_pairs", "optical_first_pairs", 1),
    "optical_average_basket_eur": ("optical_net_sales_eur", "optical_first_pairs", 1),
    "optical_class_a_share": ("optical_class_a_lenses", "optical_lenses_sold", 1),
    "optical_class_a_frame_share": ("optical_class_a_frames", "optical_frames_sold", 1),
    "optical_class_a_value_share": ("optical_class_a_sales_eur", "optical_glasses_sales_eur", 1),
    "optical_progressive_share": ("optical_progressive_lenses", "optical_lenses_sold", 1),
    "optical_amo_share": ("optical_amo_eur", "optical_net_sales_eur", 1),
    "optical_amc_share": ("optical_amc_eur", "optical_net_sales_eur", 1),
    "optical_household_share": ("optical_household_eur", "optical_net_sales_eur", 1),
    "optical_third_party_share": ("optical_third_party_sales", "optical_sales", 1),
    "optical_claim_rejection_rate": ("optical_claims_rejected", "optical_claims_answered", 1),
    "optical_claim_rejection_rate_in_value": ("optical_claims_rejected_eur", "optical_claims_answered_eur", 1),
    "optical_days_to_payment": ("optical_payment_days_total", "optical_claims_paid", 1),
    "optical_renewal_rate": ("optical_customers_renewed", "optical_customers_due", 1),
}

#: Indicators whose other part is not staged by the line: staff and the calendar are the shared dimensions'.
ELSEWHERE = {
    "audio_audiologist_fte_months",
    "audio_devices_per_audiologist_fte",
    "optical_shop_days",
    "optical_open_days",
    "optical_pairs_per_shop_day",
    "optical_sales_per_shop_year_eur",
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
        part = PARTS[name]
        where = [f"{part.day} between ? and ?"]
        values: list[object] = [cell.since, cell.until]
        for column, value in (("structure_id", cell.structure), ("site_id", cell.site)):
            if value:
                where.append(f"{column} = ?")
                values.append(value)
        sql = f"select {part.value} from {part.rows} as records where {' and '.join(where)}"
        ((found,),) = self.con.execute(sql, values).fetchall()
        return float(found or 0)

    def value(self, name: str, cell: Cell) -> float:
        """The indicator; 0 where nothing happened, as for a missing answer."""
        if name in PARTS:
            return self.part(name, cell)
        if name.startswith("audio_net_sales"):
            rest = name.removeprefix("audio_net_sales")
            return self.part(f"audio_sales{rest}", cell) - self.part(f"audio_refunds{rest}", cell)
        if name == "optical_gross_margin_rate":
            sales = self.part("optical_costed_sales_excl_vat_eur", cell)
            return (sales - self.part("optical_cost_eur", cell)) / sales if sales else 0.0
        numerator, denominator, factor = RATIOS[name]
        below = self.part(denominator, cell)
        return self.part(numerator, cell) / below * factor if below else 0.0


def _cells(rng: random.Random, by_hand: ByHand, line: str) -> Iterator[Cell]:
    """Years, quarters and months, of the group, a structure or a site."""
    rows, day = (FITTINGS, "fitted_on") if line == "audio" else (SALE_LINES, "sold_on")
    places = by_hand.con.execute(f"select structure_id, site_id, {day} from {rows} order by _key").fetchall()
    while True:
        structure, site, day_on = rng.choice(places)
        months = rng.choice((1, 3, 12))
        first = date(day_on.year, (day_on.month - 1) // months * months + 1, 1)
        after = first.month - 1 + months
        last = date.fromordinal(date(first.year + after // 12, after % 12 + 1, 1).toordinal() - 1)
        kind = rng.choice(("group", "structure", "site"))
        yield Cell(first, last, None if kind == "group" else structure, site if kind == "site" else None)


@pytest.mark.parametrize("line", ["audio", "optical"])
def test_every_indicator_is_checked_by_hand(in_group: Group, line: str) -> None:
    names = {i.name for i in semantic.metrics() if i.name.startswith(f"{line}_")}
    others = {"audio_net_sales_eur", "audio_net_sales_excl_vat_eur", "optical_gross_margin_rate"}
    known = {n for n in {*PARTS, *RATIOS, *ELSEWHERE, *others} if n.startswith(line)}
    assert names == known


@pytest.mark.parametrize("line", ["audio", "optical"])
def test_a_random_cell_is_what_the_staging_rows_say(in_group: Group, line: str) -> None:
    rng = random.Random(f"cells of {line}")
    by_hand = ByHand(line)
    names = sorted({i.name for i in semantic.metrics(line)} - ELSEWHERE)
    cells = _cells(rng, by_hand, line)
    seen_something = 0
    for number in range(max(CELLS, len(names))):
        name, cell = names[number % len(names)], next(cells)
        scope = access.scope("group-director")
        where = [Filter("structure", "=", (cell.structure,))] if cell.structure else []
        where += [Filter("site", "=", (cell.site,))] if cell.site else []
        table = semantic.query([name], where=where, since=cell.since, until=cell.until, scope=scope).table
        found = float(table.column(name)[0].as_py() or 0) if table.num_rows else 0.0
        assert found == pytest.approx(by_hand.value(name, cell), rel=1e-9, abs=1e-9), (name, cell)
        seen_something += found != 0
    assert seen_something > CELLS / 3


@pytest.mark.parametrize("line", ["audio", "optical"])
def test_the_age_band_is_that_of_the_day_of_the_event(in_group: Group, line: str) -> None:
    """By hand: whole years between birth and event, for the group's first year and last."""
    name, rows, day, value = {
        "audio": ("audio_devices_fitted", FITTINGS, "fitted_on", "count(*)"),
        "optical": ("optical_net_sales_eur", SALE_LINES, "sold_on", "sum(net_eur)"),
    }[line]
    by_hand = ByHand(line)
    build = builds.published(line)
    assert build is not None
    by_hand.con.execute(f"attach '{build.core_database}' as core (read_only)")
    bands = "case when age < 6 then '00-05' when age < 16 then '06-15' when age < 30 then '16-29' when age < 45 then "
    bands += (
        "'30-44' when age < 60 then '45-59' when age < 75 then '60-74' when age >= 75 then '75+' else 'unknown' end"
    )
    aged = f"select r.*, date_sub('year', p.birth_on, r.{day}) as age from {rows} r "
    aged += "left join core.atomic.dim_person p using (person_id)"
    expected = dict(by_hand.con.execute(f"select {bands}, {value} from ({aged}) group by all").fetchall())
    answer = semantic.query([name], by=["person_age_band"], scope=access.scope("group-director")).table
    assert {row["person_age_band"]: row[name] for row in answer.to_pylist()} == expected
    assert len(expected) > 2


def test_sales_asked_with_their_claims_are_not_counted_once_per_claim(in_group: Group) -> None:
    """The fan-out trap: both facts in one question give what each gives alone."""
    scope = access.scope("group-director")
    names = ["optical_net_sales_eur", "optical_sales", "optical_claims_sent", "optical_claims_sent_eur"]
    for by in ([], ["structure"], ["site"]):
        together = semantic.query(names, by=by, grain="year", scope=scope).table.to_pylist()
        for name in names:
            alone = semantic.query([name], by=by, grain="year", scope=scope).table.to_pylist()
            keys = [*by, "metric_time"]
            expected = {tuple(row[k] for k in keys): row[name] for row in alone if row[name]}
            assert {tuple(row[k] for k in keys): row[name] for row in together if row[name]} == expected
