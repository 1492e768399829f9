"""Each expectation of the audio and optical suites passes on the published group and fails on the rows it is about.

For each expectation one row is spoilt in the way it forbids (see `spoil.py`); those that need more than a row (an empty
table, a column without values, a day like no other) have a copy of the mart of their own.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from group import Group
from spoil import Copies, Spoilt, every_expectation_is_met_and_broken

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

RUSH = (
    "insert into {table} select one.* replace (date '2030-01-07' + 7 * week::int as {day}) "
    "from (select * from {table} limit 1) as one, range(9) as w(week), range(400) as n(nth) where nth < 40 or week = 8"
)

AUDIO: Spoilt = {
    "audio_prescriptions": {
        "No prescription is received before it is written.": "prescribed_on - 1 as received_on",
        "No prescription is more than three years old when it is received.": "received_on - 1200 as prescribed_on",
    },
    "audio_trials": {
        "No trial ends before it begins.": "started_on - 1 as ended_on",
        "A closed trial has an end day.": "true as is_closed, null as ended_on",
        "No trial lasts more than 400 days.": "401 as trial_days",
        "A trial lasts a month, seldom more than two.": "61 as trial_days",
        "A trial that led to a fitting has no reason for giving up.": "'fitted' as outcome, 'price' as abandon_reason",
        "No trial stays open for six months.": "date '2019-01-07' as started_on, false as is_closed",
    },
    "audio_fittings": {
        "The price is between 0 and 6,000 €.": "-1 as price_eur",
        "A class I device costs no more than the cap of its day, for the patient's age and the territory.": (
            "true as is_above_cap where is_class_1"
        ),
        "AMO does not pay more than its highest base, that of persons below 20 or blind.": "1680.01 as amo_eur",
        "The code PAZ mostly goes with class I, and with it alone.": "'PAZ' as act_code where not is_class_1",
        "Since 2021, class I leaves nothing to pay to the patient.": (
            "1 as patient_eur where is_class_1 and fitted_on >= date '2021-01-01'"
        ),
        "The AMO, AMC and patient shares make the price.": "amo_eur + 0.01 as amo_eur",
        "The prices with and without VAT differ by the VAT of 5.5 %.": "price_eur as price_excl_vat_eur",
        "The replaced device was delivered before the new one.": "fitted_on as previous_fitted_on",
        "No device is delivered before its prescription.": "fitted_on + 1 as prescribed_on",
        "A trial gives one device an ear.": "fitting_id || 'b' as fitting_id",
        "No device is delivered before its trial begins.": "date '2018-12-31' as fitted_on",
        "No centre that is closed, or another structure's, delivers devices.": "'S99' as structure_id",
    },
    "audio_returns": {
        "No device comes back before it is delivered.": (
            "date '2018-12-31' as returned_on where fitting_id in (select fitting_id from atomic.fct_audio_fittings)"
        ),
        "A device that comes back is one that was delivered.": "null as device_class",
        "A device comes back once.": "return_id || 'b' as return_id",
        "A refund is no more than the price paid.": "refund_eur + 0.01 as refund_eur",
        "A refund more than a year after delivery is rare.": "366 as days_from_fitting",
    },
    "audio_sessions": {
        "A session that took place has a day.": "true as is_done, null as done_on",
        "A session that did not take place has no day.": "false as is_done, due_on as done_on",
        "A session takes place within six months of the day on which it is due.": "due_on + 181 as done_on",
        "A trial has one session at 3, 6 and 12 months, not two.": (
            "session_id || 'b' as session_id where session_kind = 'month_3'"
        ),
        "A session lasts between 5 minutes and 3 hours.": "181 as duration_minutes",
    },
}

OPTICAL: Spoilt = {
    "optical_quotes": {
        "No quote is decided before it is drawn up.": "quoted_on - 1 as decided_on",
        "A decided quote has a day of decision.": "true as is_decided, null as decided_on",
        "A quote that became a sale knows it.": "true as is_sold, null as sale_id",
        "A quote that is not sold has no sale.": "false as is_sold where sale_id is not null",
        "The cover is no more than the quote.": "amount_eur + 0.01 as amc_eur",
        "A sale comes from one quote.": "quote_id || 'b' as quote_id where sale_id is not null",
        "No quote stays pending for seven months.": "date '2019-01-07' as quoted_on, false as is_decided",
    },
    "optical_sale_lines": {
        "The amount of a line is between −5,000 and 5,000 €.": "5000.01 as net_eur",
        "The AMO, AMC and household shares make the amount.": "household_eur + 0.01 as household_eur",
        "The amounts with and without VAT differ by the VAT of 20 %.": "net_eur as net_excl_vat_eur",
        "A class A frame costs no more than the cap of its day and territory.": "true as is_above_cap where is_class_a",
        "Class A leaves nothing to pay to the customer.": "1 as household_eur where is_class_a",
        "A frame or a lens has a pair and a class.": "null as item_class where is_frame",
        "A pair has one frame, one left and one right lens, not two.": "99 as line_number where is_frame",
        "No sale is delivered before it is made.": "sold_on - 1 as delivered_on",
        "The credit notes of a sale are no more than its amount.": "-99999 as net_eur, true as is_credit_note",
        "A sale has one customer.": "'somebody else' as person_id",
        "Nothing of a first pair is sold for less than half its cost.": (
            "net_excl_vat_eur * 2 + 0.01 as cost_eur where pair_number = 1 and net_excl_vat_eur > 0"
        ),
        "No shop that is closed, or another structure's, sells.": "'S99' as structure_id",
    },
    "optical_claims": {
        "No claim is paid or rejected before it is sent.": "sent_on - 1 as answered_on",
        "A claim that was answered has a day of return.": "true as is_answered, null as answered_on",
        "No claim is paid more than was asked.": "claimed_eur + 0.01 as paid_eur",
        "A rejected claim is not paid.": "true as is_rejected, 0.01 as paid_eur",
        "A rejection has a reason.": "true as is_rejected, null as rejection_code",
        "No claim waits for its return for more than four months.": (
            "date '2019-01-07' as sent_on, false as is_answered"
        ),
        "A payer pays a sale once.": "claim_id || 'b' as claim_id where is_paid",
        "No claim leaves before the sale.": "date '2018-12-31' as sent_on",
    },
    "optical_purchases": {
        "A purchase price is between 0 and 2,000 €.": "2000.01 as unit_cost_eur",
        "No purchase price is zero.": "0 as unit_cost_eur",
        "No purchase price doubles or halves from one list to the next.": (
            "unit_cost_eur * 2 + 0.01 as unit_cost_eur, date '2035-01-01' as valid_from_on"
        ),
    },
}

COPIES: dict[str, Copies] = {
    "audio": {
        "empty": (
            "delete from atomic.fct_audio_prescriptions; delete from atomic.fct_audio_trials; "
            "delete from atomic.fct_audio_fittings",
            {"There are prescriptions.", "There are trials.", "There are devices delivered."},
        ),
        "apart": (
            "update atomic.fct_audio_fittings set amo_eur = amo_eur + 5",
            {"In all, the AMO, AMC and patient shares make the price within one per mille."},
        ),
        "nameless": (
            "update atomic.fct_audio_prescriptions set prescriber_id = null",
            {"Nearly all prescriptions say who signed them."},
        ),
        "rush": (
            RUSH.format(table="atomic.fct_audio_fittings", day="fitted_on"),
            {"The number of devices of a day is like that of the same weekdays."},
        ),
    },
    "optical": {
        "empty": (
            "delete from atomic.fct_optical_quotes; delete from atomic.fct_optical_sale_lines",
            {"There are quotes.", "There are sales."},
        ),
        "apart": (
            "update atomic.fct_optical_sale_lines set amo_eur = amo_eur + 5",
            {"In all, the AMO, AMC and household shares make the amount within one per mille."},
        ),
        "costless": (
            "update atomic.fct_optical_sale_lines set cost_eur = null",
            {"Nearly all lines have a known purchase price."},
        ),
        "rush": (
            RUSH.format(table="atomic.fct_optical_sale_lines", day="sold_on"),
            {"The number of lines of a day is like that of the same weekdays."},
        ),
    },
}


@pytest.mark.parametrize(("line", "spoilt"), [("audio", AUDIO), ("optical", OPTICAL)], ids=["audio", "optical"])
def test_every_expectation_is_met_by_the_group_and_broken_by_what_it_forbids(
    in_group: Group, line: str, spoilt: Spoilt, tmp_path: Path
) -> None:
    every_expectation_is_met_and_broken(line, spoilt, COPIES[line], tmp_path)
