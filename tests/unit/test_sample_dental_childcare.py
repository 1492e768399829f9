"""The sample's dental centres and nurseries: what a figure may rely on, whatever the size and the seed."""

from __future__ import annotations

from decimal import Decimal
from types import ModuleType

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from kept import UNTIL, Kept, made

from lake.sample import childcare, dental


@pytest.fixture(scope="module", params=[1, 2])
def dentists(request: pytest.FixtureRequest) -> Kept:
    return made(dental, 20_000, request.param)


@pytest.fixture(scope="module", params=[1, 2])
def nurseries(request: pytest.FixtureRequest) -> Kept:
    return made(childcare, 20_000, request.param)


@pytest.mark.parametrize("source", ["chairs", "appointments", "quote_lines", "acts", "claims"])
def test_dental_keys_are_unique_over_structures(dentists: Kept, source: str) -> None:
    dentists.assert_keys_are_unique(f"dental_{source}")


@pytest.mark.parametrize("source", ["capacity", "contracts", "attendance", "invoices"])
def test_childcare_keys_are_unique_over_structures(nurseries: Kept, source: str) -> None:
    nurseries.assert_keys_are_unique(f"childcare_{source}")


def test_the_shares_of_a_dental_fee_add_up_to_it(dentists: Kept) -> None:
    acts = dentists["dental_acts"]
    shares = pc.add(pc.add(acts["amo_eur"], acts["amc_eur"]), acts["household_eur"])
    assert pc.all(pc.equal(shares, acts["fee_eur"])).as_py()
    assert pc.min(acts["household_eur"]).as_py() >= 0


def test_no_chair_is_booked_beyond_its_opening(dentists: Kept) -> None:
    slots = dentists["dental_appointments"]
    booked = slots.group_by(["site_id", "chair_id", "appointment_on"]).aggregate([("duration_minutes", "sum")])
    chairs = dentists["dental_chairs"].rename_columns({"opened_on": "appointment_on"})
    joined = booked.join(chairs, ["site_id", "chair_id", "appointment_on"])
    assert joined["open_hours"].null_count == 0
    minutes = pc.multiply(joined["open_hours"].cast(pa.float64()), 60)
    assert pc.all(pc.less_equal(joined["duration_minutes_sum"], minutes)).as_py()


def test_slots_begin_and_end_while_their_chair_is_open(dentists: Kept) -> None:
    keys = ["site_id", "chair_id", "opened_on"]
    slots = dentists["dental_appointments"].rename_columns({"appointment_on": "opened_on"}).slice(0, 2000)
    for row in slots.join(dentists["dental_chairs"].select([*keys, "opens_at", "open_hours"]), keys).to_pylist():
        begins, opens = _quarter(row["start_time"]), _quarter(row["opens_at"])
        assert opens <= begins < opens + 4 * row["open_hours"]


def test_dental_rates_are_plausible(dentists: Kept) -> None:
    occupancy = dentists.total("dental", "dental_booked_hours") / dentists.total("dental", "dental_open_hours")
    acceptance = dentists.total("dental", "dental_accepted_eur") / dentists.total("dental", "dental_quoted_eur")
    assert Decimal("0.70") < occupancy < Decimal("0.95")
    assert Decimal("0.45") < acceptance < Decimal("0.80")


def test_a_day_of_attendance_is_within_its_contract_and_an_open_day(nurseries: Kept) -> None:
    contracts = nurseries["childcare_contracts"].select(["contract_id", "starts_on", "ends_on"])
    days = nurseries["childcare_attendance"].join(contracts, "contract_id")
    assert days["starts_on"].null_count == 0
    assert pc.all(pc.less_equal(days["starts_on"], days["attended_on"])).as_py()
    assert pc.all(pc.less_equal(days["attended_on"], days["ends_on"])).as_py()
    is_open = nurseries["childcare_capacity"].group_by(["site_id", "open_on"]).aggregate([])
    closed = days.join(is_open, ["site_id", "attended_on"], ["site_id", "open_on"], join_type="left anti")
    assert closed.num_rows == 0


def test_a_contract_starts_while_there_are_data(nurseries: Kept) -> None:
    assert pc.max(nurseries["childcare_contracts"]["starts_on"]).as_py() <= UNTIL


def test_a_child_is_there_from_its_arrival_to_its_departure_while_the_nursery_is_open(nurseries: Kept) -> None:
    came = [row for row in nurseries["childcare_attendance"].slice(0, 2000).to_pylist() if row["arrived_at"]]
    assert came
    for row in came:
        assert Decimal(_quarter(row["left_at"]) - _quarter(row["arrived_at"])) / 4 == row["attended_hours"]
        assert "07:30" <= row["arrived_at"] < row["left_at"] <= "18:45"  # a correction is a quarter of an hour more
    opens = set(nurseries["childcare_capacity"]["opens_at"].to_pylist())
    assert opens == {"07:30", "09:00", "17:00"}


def _quarter(clock: str) -> int:
    return int(clock[:2]) * 4 + int(clock[3:]) // 15


def test_an_invoice_is_its_hours_at_the_hourly_fee(nurseries: Kept) -> None:
    for row in nurseries["childcare_invoices"].slice(0, 500).to_pylist():
        exact = row["billed_hours"] * row["hourly_fee_eur"]
        assert abs(row["amount_eur"] - exact) <= Decimal("0.005")


def test_childcare_rates_are_plausible(nurseries: Kept) -> None:
    attended = nurseries.total("childcare", "childcare_attended_hours")
    occupancy = attended / nurseries.total("childcare", "childcare_capacity_hours")
    billing = nurseries.total("childcare", "childcare_billed_hours") / attended
    assert Decimal("0.55") < occupancy < Decimal("0.80")
    assert Decimal("1.0") < billing < Decimal("1.2")


def test_the_filoue_exports_say_what_attendance_says(nurseries: Kept) -> None:
    exported = nurseries["childcare_filoue"]
    days = nurseries["childcare_attendance"]
    by_year = days.filter(pc.equal(pc.year(days["attended_on"]), 2024))["attended_hours"]
    declared = exported.filter(pc.equal(exported["year"], 2024))["attended_hours"]
    assert Decimal("0.95") < pc.sum(declared).as_py() / pc.sum(by_year).as_py() <= 1


@pytest.mark.parametrize(("line", "source"), [(dental, "dental_acts"), (childcare, "childcare_filoue")])
def test_the_same_seed_gives_the_same_rows(line: ModuleType, source: str) -> None:
    one, other = made(line, 20_000, 3), made(line, 20_000, 3)
    assert one[source].equals(other[source])
