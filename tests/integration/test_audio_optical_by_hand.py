"""Every audio and optical indicator, on random cells, against SQL written by hand on the staging rows.

The SQL below shares nothing with the models and definitions that it checks but the staging rows: see `by_hand.py`.
"""

from __future__ import annotations

import pytest
from by_hand import ByHand, Formula, Part, every_indicator_is_checked, parts, random_cells_agree, ratio
from group import Group

from lake import access, semantic

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

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
        and o.pair_number = 1 and o.net_eur >= 0
        and o.sold_on - l.sold_on > 90 and o.sold_on < l.sold_on + interval 36 month
    ) as came_back
    from {SALE_LINES} l where pair_number = 1 and net_eur >= 0
    group by structure_id, person_id, sold_on
    having sold_on + interval 36 month <= (select max(sold_on) from {SALE_LINES})
)"""

PARTS: dict[str, Part] = {
    **parts("staging.stg_audio__prescriptions", "prescribed_on",
            audio_prescriptions="count(*)",
            audio_ent_prescriptions="count(*) filter (prescriber_speciality = 'SM39')"),
    **parts(TRIALS, "started_on",
            audio_trials_started="count(*)",
            audio_trials_open="count(*) filter (outcome = 'open')"),
    **parts(f"(select * from {TRIALS} where outcome <> 'open')", "ended_on",
            audio_trials_closed="count(*)",
            audio_trials_fitted="count(*) filter (outcome = 'fitted')",
            audio_trials_timed="count(*) filter (ended_on >= started_on)",
            audio_trial_days_total="sum(ended_on - started_on)"),
    **parts(FITTINGS, "fitted_on",
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
            audio_renewals=(
                "count(*) filter (case when previous_fitted_on is null then is_renewal"
                " else fitted_on > previous_fitted_on + 90 end)"
            ),
            audio_renewals_dated="count(*) filter (fitted_on > previous_fitted_on + 90)",
            audio_renewal_days_total=(
                "sum(fitted_on - previous_fitted_on) filter (fitted_on > previous_fitted_on + 90)"
            )),
    **parts(PRESCRIBED, "fitted_on",
            audio_fittings_with_prescription="count(*)",
            audio_days_from_prescription_total="sum(fitted_on - prescribed_on)"),
    **parts(BINAURAL, "fitted_on", audio_patients_fitted_both_ears="count(distinct person_id)"),
    **parts("staging.stg_audio__returns", "returned_on",
            audio_devices_returned="count(*)",
            audio_refunds_eur="sum(refund_eur)",
            audio_refunds_excl_vat_eur="sum(refund_excl_vat_eur)"),
    **parts("(select * from staging.stg_audio__sessions where session_kind <> 'yearly')", "due_on",
            audio_sessions_due="count(*) filter (status <> 'cancelled')",
            audio_sessions_done="count(*) filter (status = 'done')"),
    **parts("(select * from staging.stg_audio__sessions where session_kind = 'yearly')", "due_on",
            audio_yearly_sessions_due="count(*) filter (status <> 'cancelled')",
            audio_yearly_sessions_done="count(*) filter (status = 'done')"),
    **parts(QUOTES, "quoted_on", optical_quotes_given="count(*)", optical_quotes_amount_eur="sum(amount_eur)",
            optical_quotes_pending="count(*) filter (outcome = 'pending')",
            optical_quotes_pending_eur="sum(amount_eur) filter (outcome = 'pending')"),
    **parts(f"(select * from {QUOTES} where outcome <> 'pending')", "decided_on",
            optical_quotes_decided="count(*)",
            optical_quotes_sold="count(*) filter (outcome = 'sold')",
            optical_quotes_decided_eur="sum(amount_eur)",
            optical_quotes_sold_eur="sum(amount_eur) filter (outcome = 'sold')"),
    **parts(SALE_LINES, "sold_on",
            optical_net_sales_eur="sum(net_eur)",
            optical_net_sales_excl_vat_eur="sum(net_excl_vat_eur)",
            optical_discounts_eur="sum(discount_eur)",
            optical_class_a_sales_eur="sum(net_eur) filter (item_class = 'A')",
            optical_glasses_sales_eur="sum(net_eur) filter (item in ('frame', 'left_lens', 'right_lens'))",
            optical_classed_sales_eur=(
                "sum(net_eur) filter (item in ('frame', 'left_lens', 'right_lens') and item_class is not null)"
            ),
            optical_paired_sales_eur=(
                "sum(net_eur) filter (item not in ('frame', 'left_lens', 'right_lens')"
                " or pair_number is not null or net_eur < 0)"
            ),
            optical_amo_eur="sum(amo_eur)",
            optical_amc_eur="sum(amc_eur)",
            optical_household_eur="sum(household_eur)"),
    **parts(f"(select * from {SALE_LINES} where net_eur >= 0)", "sold_on",
            optical_sales="count(distinct sale_id)",
            optical_customers="count(distinct person_id)",
            optical_pairs_sold="count(distinct (sale_id, pair_number)) filter (pair_number is not null)",
            optical_first_pairs="count(distinct sale_id) filter (pair_number = 1)",
            optical_second_pairs="count(distinct (sale_id, pair_number)) filter (pair_number > 1)",
            optical_lenses_sold="sum(quantity) filter (item in ('left_lens', 'right_lens'))",
            optical_class_a_lenses="sum(quantity) filter (item in ('left_lens', 'right_lens') and item_class = 'A')",
            optical_progressive_lenses="sum(quantity) filter (lens_design = 'progressive')",
            optical_lenses_of_known_class=(
                "sum(quantity) filter (item in ('left_lens', 'right_lens') and item_class is not null)"
            ),
            optical_lenses_of_known_design=(
                "sum(quantity) filter (item in ('left_lens', 'right_lens') and lens_design is not null)"
            ),
            optical_frames_of_known_class="sum(quantity) filter (item = 'frame' and item_class is not null)",
            optical_frames_sold="sum(quantity) filter (item = 'frame')",
            optical_class_a_frames="sum(quantity) filter (item = 'frame' and item_class = 'A')",
            optical_third_party_sales="count(distinct sale_id) filter (is_third_party)"),
    **parts(COSTED, "sold_on",
            optical_costed_sales_excl_vat_eur="sum(net_excl_vat_eur) filter (unit_cost_eur is not null)",
            optical_cost_eur="sum(case when net_eur >= 0 or quantity < 0 then quantity else 0 end * unit_cost_eur)"),
    **parts(CLAIMS, "sent_on", optical_claims_sent="count(*)", optical_claims_sent_eur="sum(claimed_eur)"),
    **parts(f"(select * from {CLAIMS} where status <> 'sent')", "answered_on",
            optical_claims_answered="count(*)",
            optical_claims_answered_eur="sum(claimed_eur)",
            optical_claims_rejected="count(*) filter (status = 'rejected')",
            optical_claims_rejected_eur="sum(claimed_eur) filter (status = 'rejected')",
            optical_claims_paid="count(*) filter (status = 'paid')",
            optical_claims_paid_timed="count(*) filter (status = 'paid' and answered_on >= sent_on)",
            optical_claims_paid_eur="sum(paid_eur)",
            optical_payment_days_total="sum(answered_on - sent_on) filter (status = 'paid')"),
    **parts(RENEWALS, "due_on",
            optical_customers_due="count(distinct person_id)",
            optical_customers_renewed="count(distinct person_id) filter (came_back)"),
}  # fmt: skip

FORMULAS: dict[str, Formula] = {
    "audio_ent_share": ratio("audio_ent_prescriptions", "audio_prescriptions"),
    "audio_conversion": ratio("audio_trials_fitted", "audio_trials_closed"),
    "audio_average_trial_days": ratio("audio_trial_days_total", "audio_trials_timed"),
    "audio_binaural_rate": ratio("audio_patients_fitted_both_ears", "audio_patients_fitted"),
    "audio_class_1_share": ratio("audio_class_1_devices", "audio_devices_fitted"),
    "audio_class_1_value_share": ratio("audio_class_1_sales_eur", "audio_sales_eur"),
    "audio_average_price_eur": ratio("audio_sales_eur", "audio_devices_fitted"),
    "audio_average_price_class_1_eur": ratio("audio_class_1_sales_eur", "audio_class_1_devices"),
    "audio_average_price_class_2_eur": ratio("audio_class_2_sales_eur", "audio_class_2_devices"),
    "audio_amo_share": ratio("audio_amo_eur", "audio_sales_eur"),
    "audio_amc_share": ratio("audio_amc_eur", "audio_sales_eur"),
    "audio_patient_share": ratio("audio_patient_eur", "audio_sales_eur"),
    "audio_renewal_interval_years": ratio("audio_renewal_days_total", "audio_renewals_dated", 1 / 365.25),
    "audio_days_from_prescription": ratio("audio_days_from_prescription_total", "audio_fittings_with_prescription"),
    "audio_return_rate": ratio("audio_devices_returned", "audio_devices_fitted"),
    "audio_follow_up_rate": ratio("audio_sessions_done", "audio_sessions_due"),
    "audio_yearly_follow_up_rate": ratio("audio_yearly_sessions_done", "audio_yearly_sessions_due"),
    "optical_conversion": ratio("optical_quotes_sold", "optical_quotes_decided"),
    "optical_conversion_in_value": ratio("optical_quotes_sold_eur", "optical_quotes_decided_eur"),
    "optical_second_pair_rate": ratio("optical_second_pairs", "optical_first_pairs"),
    "optical_average_basket_eur": ratio("optical_paired_sales_eur", "optical_first_pairs"),
    "optical_class_a_share": ratio("optical_class_a_lenses", "optical_lenses_of_known_class"),
    "optical_class_a_frame_share": ratio("optical_class_a_frames", "optical_frames_of_known_class"),
    "optical_class_a_value_share": ratio("optical_class_a_sales_eur", "optical_classed_sales_eur"),
    "optical_progressive_share": ratio("optical_progressive_lenses", "optical_lenses_of_known_design"),
    "optical_amo_share": ratio("optical_amo_eur", "optical_net_sales_eur"),
    "optical_amc_share": ratio("optical_amc_eur", "optical_net_sales_eur"),
    "optical_household_share": ratio("optical_household_eur", "optical_net_sales_eur"),
    "optical_third_party_share": ratio("optical_third_party_sales", "optical_sales"),
    "optical_claim_rejection_rate": ratio("optical_claims_rejected", "optical_claims_answered"),
    "optical_claim_rejection_rate_in_value": ratio("optical_claims_rejected_eur", "optical_claims_answered_eur"),
    "optical_days_to_payment": ratio("optical_payment_days_total", "optical_claims_paid_timed"),
    "optical_renewal_rate": ratio("optical_customers_renewed", "optical_customers_due"),
    "audio_net_sales_eur": lambda value: value("audio_sales_eur") - value("audio_refunds_eur"),
    "audio_net_sales_excl_vat_eur": lambda value: (
        value("audio_sales_excl_vat_eur") - value("audio_refunds_excl_vat_eur")
    ),
    "optical_gross_margin_rate": lambda value: (
        1 - ratio("optical_cost_eur", "optical_costed_sales_excl_vat_eur")(value)
        if value("optical_costed_sales_excl_vat_eur")
        else 0.0
    ),
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


#: Around which events cells are chosen.
EVENTS = {"audio": (FITTINGS, "fitted_on"), "optical": (SALE_LINES, "sold_on")}


@pytest.mark.parametrize("line", ["audio", "optical"])
def test_every_indicator_is_checked_by_hand(in_group: Group, line: str) -> None:
    every_indicator_is_checked(ByHand(line, PARTS, FORMULAS), ELSEWHERE)


@pytest.mark.parametrize("line", ["audio", "optical"])
def test_a_random_cell_is_what_the_staging_rows_say(in_group: Group, line: str) -> None:
    random_cells_agree(ByHand(line, PARTS, FORMULAS), *EVENTS[line])


@pytest.mark.parametrize("line", ["audio", "optical"])
def test_the_age_band_is_that_of_the_day_of_the_event(in_group: Group, line: str) -> None:
    """By hand: whole years between birth and event, for the group's first year and last."""
    name, rows, day, value = {
        "audio": ("audio_devices_fitted", FITTINGS, "fitted_on", "count(*)"),
        "optical": ("optical_net_sales_eur", SALE_LINES, "sold_on", "sum(net_eur)"),
    }[line]
    by_hand = ByHand(line, PARTS, FORMULAS)
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
