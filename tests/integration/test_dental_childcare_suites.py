"""Each expectation of the dental and childcare suites passes on the published group and fails on what it forbids."""

from __future__ import annotations

from pathlib import Path

import pytest
from group import Group
from spoil import Copies, Spoilt, every_expectation_is_met_and_broken

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

RUSH = (
    "insert into {table} select one.* replace (date '2030-01-07' + 7 * week::int as {day}) "
    "from (select * from {table} order by _key limit 1) as one, range(25) as w(week), range(400) as n(nth) "
    "where nth < 5 or week = 24"
)

DENTAL: Spoilt = {
    "dental_chair_days": {
        "A chair is not open more than 16 hours a day.": "16.5 as open_hours",
        "A chair that is open is so for more than no time.": "0 as open_hours",
        "No chair is open on a Sunday.": "date '2024-01-07' as opened_on",
        "No practitioner works more than 24 hours in a day.": "25 as open_hours where practitioner_id is not null",
        "The centre was the structure's and open on that day.": "date '1950-01-02' as opened_on",
    },
    "dental_appointments": {
        "An appointment lasts 5 minutes to 8 hours.": "481 as duration_minutes",
        "No appointment is booked after the day on which it takes place.": "appointment_on + 1 as booked_on",
        "No appointment is booked more than two years ahead.": "731 as lead_days",
        "An appointment takes place on a day when the chair is open.": (
            "date '1990-01-02' as appointment_on where status = 'honoured'"
        ),
        "A chair is not booked more than two hours beyond its opening.": (
            "30 as booked_hours where exists (select 1 from atomic.fct_dental_chair_days as c "
            "where c.chair_key = good.chair_key and c.opened_on = good.appointment_on)"
        ),
    },
    "dental_quote_lines": {
        "A quoted act costs 0 to 20,000 €.": "20000.01 as fee_eur",
        "No answer comes before its quote.": "quoted_on - 1 as decided_on where status <> 'pending'",
        "A line that was accepted or refused has an answer's date.": "'accepted' as status, null as decided_on",
        "A pending line has no answer's date.": "'pending' as status, quoted_on as decided_on",
        "A quote is about one patient and one centre.": "'somebody else' as person_id",
        "Each quoted act is in a known basket.": "'unknown' as basket",
    },
    "dental_acts": {
        "An act costs −20,000 (a credit note) to 20,000 €.": "20000.01 as fee_eur",
        "No share of an act is negative, but on a credit note.": "-1 as household_eur",
        "The AMO, AMC and patient shares make the fee.": "fee_eur + 0.01 as fee_eur",
        "AMO does not pay more than the reimbursement base.": "base_eur + 1 as amo_eur where base_eur is not null",
        "An act of the no-out-of-pocket basket leaves nothing to pay to the patient.": (
            "'rac0' as basket, fee_eur as household_eur"
        ),
        "No capped act costs more than its cap.": "true as is_above_cap",
        "Each act performed is in a known basket.": "'unknown' as basket",
        "No act is performed before its quote.": (
            "date '2015-01-05' as performed_on where quote_id in (select quote_id from atomic.fct_dental_quote_lines)"
        ),
        "No care costs more than five times its base.": "base_eur * 5 + 0.01 as fee_eur where basket = 'care'",
        "The centre was the structure's and open on the act's day.": "date '1950-01-02' as performed_on",
    },
    "dental_claims": {
        "A payer does not pay more than was claimed.": "claimed_eur + 0.01 as paid_eur",
        "A claim that was answered has a day of return.": "true as is_returned, null as returned_on",
        "No answer comes before the sending.": "sent_on - 1 as returned_on",
        "No claim is sent before its act.": (
            "date '1990-01-01' as sent_on where act_id in (select act_id from atomic.fct_dental_acts)"
        ),
        "A rejected claim is not paid.": "'rejected' as status, 0.01 as paid_eur",
        "A paid claim is paid more than nothing.": "'paid' as status, 0 as paid_eur where claimed_eur > 0",
        "Each claim is about a known act.": "'AC000000000' as act_id",
        "What is paid for an act does not exceed its fee.": (
            "'paid' as status, 20000 as paid_eur where act_id in (select act_id from atomic.fct_dental_acts)"
        ),
    },
}

CHILDCARE: Spoilt = {
    "childcare_capacity": {
        "A nursery has 0 to 120 places.": "121 as places",
        "A nursery is not open more than 14 hours a day.": "14.5 as slot_hours",
        "Each open day has a licence in the middle of the day.": (
            "site_day_id || 'b' as site_day_id where slot = 'morning'"
        ),
        "No nursery is open on a Sunday.": "date '2024-01-07' as open_on",
        "The nursery was the structure's and open on that day.": "date '1950-01-02' as open_on",
    },
    "childcare_contracts": {
        "A contract has 0 to 60 hours a week.": "60.25 as weekly_hours",
        "No contract ends before it begins.": "starts_on - 1 as ends_on",
        "The hourly fee follows the scale: income between floor and cap x effort rate.": (
            "scale_fee_eur + 0.51 as hourly_fee_eur"
        ),
        "The effort rate is no higher than the scale's for the number of children.": (
            "scale_effort_rate + 0.000001 as effort_rate"
        ),
        "No contract begins before the child is born.": "date '1990-01-01' as starts_on",
    },
    "childcare_attendance": {
        "No duration is negative.": "-1 as attended_hours",
        "No child is there more than 14 hours a day.": "14.25 as attended_hours",
        "Each day of attendance has a contract.": "'CT000000000' as contract_id",
        "Each day of attendance is within its contract.": "date '2000-01-03' as attended_on",
        "A child leaves after it arrived.": "'18:00' as arrived_at, '08:00' as left_at",
        "An absence has a reason.": "true as is_absent, 'none' as absence_reason where booked_hours > 0",
        "An hour of attendance is billed.": "false as is_absent, 0 as billed_hours, 8 as attended_hours",
        "Children come on open days only.": "date '2000-01-03' as attended_on where attended_hours > 0",
        "A nursery's attended hours do not exceed its capacity by more than 15 %.": "1000 as attended_hours",
        "A ceiling of the fund's contribution is known for every day.": "null as psu_ceiling_eur",
    },
    "childcare_invoices": {
        "An invoice is −10,000 (a credit note) to 10,000 €.": "10000.01 as amount_eur",
        "The amount is hours times the hourly fee.": "amount_eur + 0.06 as amount_eur",
        "A family does not pay more than its invoice.": "amount_eur + 0.01 as paid_eur",
        "No payment comes before the month of care.": "care_month_on - 1 as paid_on",
        "The month of care is written as its first day.": "care_month_on + 1 as care_month_on",
        "A contract has one invoice a month.": "invoice_id || 'b' as invoice_id",
        "The hours of an invoice are those of attendance, within twelve hours.": "billed_hours + 200 as billed_hours",
    },
    "childcare_filoue": {
        "A child is not billed more than 3,500 hours a year.": "3500.25 as billed_hours",
        "The last day of care is not before the first.": "last_day_on + 1 as first_day_on",
        "The days of care are in the declared year.": "year + 1 as year",
        "No child is cared for before it is born.": "first_day_on + 1 as child_born_on",
        "A family that receives benefits has a number.": "true as is_beneficiary, null as beneficiary_id",
        "A nursery's declared hours of a year are those of attendance, within 10 %.": (
            "attended_hours + 5000 as attended_hours"
        ),
    },
}

#: The group of the sample delivers no table of acts: three acts that each break one expectation.
ACTS = """
    drop view staging.stg_dental__ccam;
    create table staging.stg_dental__ccam as
    select * from (values
        ('HBLD038', date '2025-01-01', 1, 0, true, null, 'CM0'),
        ('HBLD634', date '2025-01-01', 1, 0, true, 120.00, 'CZ0'),
        ('HBLD634', date '2025-01-01', 1, 1, true, 120.00, 'PF1'),
        ('HBLD734', date '2025-01-01', 1, 0, true, 120.00, 'CM0'),
        ('HBLD734', date '2026-01-01', 1, 0, true, 1200.00, 'CM0')
    ) as t (act_code, valid_from, activity, phase, is_covered, base_eur, grouping_code)
"""

COPIES: dict[str, Copies] = {
    "dental": {
        "acts": (
            ACTS,
            {"Every covered act has a reimbursement base.",
             "An act has a single grouping code, thus a single basket, in a version.",
             "From one version to the next, no base doubles or is halved."},
        ),
        "empty": (
            "; ".join(f"delete from atomic.fct_{suite}" for suite in DENTAL),
            {"There are opening days.", "There are appointments.", "There are quotes.", "There are acts.",
             "There are third-party claims."},
        ),
        "coded": (
            "update atomic.fct_dental_acts set grouping_code = 'ZZZ'; insert into atomic.dim_dental_act by name "
            "select any_value(act_code) as act_code, 'CM0' as grouping_code, 'rac0' as basket, true as is_covered, "
            "date '2000-01-01' as valid_from, true as is_current from atomic.fct_dental_acts",
            {"An act has the grouping code of the table of its day."},
        ),
        "apart": (
            "update atomic.fct_dental_acts set amo_eur = amo_eur + 5",
            {"In all, the AMO, AMC and patient shares make the fee within one per mille."},
        ),
        "missed": (
            "update atomic.fct_dental_appointments set is_no_show = true where is_expected",
            {"The overall no-show rate is between 1 % and 15 %."},
        ),
        "crowd": (
            RUSH.format(table="atomic.fct_dental_appointments", day="appointment_on"),
            {"The number of appointments of the last four weeks is in the order of magnitude of the same weekday."},
        ),
        "rush": (
            RUSH.format(table="atomic.fct_dental_acts", day="performed_on"),
            {"The fees of the last four weeks are in the order of magnitude of the same weekday."},
        ),
    },
    "childcare": {
        "empty": (
            "; ".join(f"delete from atomic.fct_{suite}" for suite in CHILDCARE),
            {"There are open days.", "There are contracts.", "There is attendance.", "There are invoices."},
        ),
        "rising": (
            "update core.atomic.dim_parameter set value = 100 where parameter = 'childcare_psu_ceiling' "
            "and subject = 'floor'",
            {"The ceiling of the fund's contribution falls as the billing rate rises."},
        ),
        "grown": (
            "update core.atomic.dim_parameter set value = value + 0.5 where parameter = 'childcare_psu_ceiling' "
            "and subject = 'full' and valid_from = date '2023-01-01'",
            {"The ceilings of the fund's contribution grow from year to year as the funds announced."},
        ),
        "overbilled": (
            "update atomic.fct_childcare_attendance set billed_hours = 2 * attended_hours",
            {"A year's billing rate is under 140 %."},
        ),
    },
}  # fmt: skip


@pytest.mark.parametrize(("line", "spoilt"), [("dental", DENTAL), ("childcare", CHILDCARE)])
def test_every_expectation_is_met_by_the_group_and_broken_by_what_it_forbids(
    in_group: Group, line: str, spoilt: Spoilt, tmp_path: Path
) -> None:
    every_expectation_is_met_and_broken(line, spoilt, COPIES[line], tmp_path)
