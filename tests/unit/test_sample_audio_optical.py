"""The sample's hearing-aid centres and optical shops: what a figure may rely on, whatever the size and the seed."""

from __future__ import annotations

from datetime import date
from types import ModuleType

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from kept import Kept, made

from lake.contracts import contract
from lake.sample import audio, optical


@pytest.fixture(scope="module", params=[1, 2])
def centres(request: pytest.FixtureRequest) -> Kept:
    return made(audio, 20_000, request.param)


@pytest.fixture(scope="module", params=[1, 2])
def shops(request: pytest.FixtureRequest) -> Kept:
    return made(optical, 20_000, request.param)


@pytest.mark.parametrize("source", ["prescriptions", "trials", "fittings", "returns", "sessions"])
def test_audio_keys_are_unique_over_structures(centres: Kept, source: str) -> None:
    centres.assert_keys_are_unique(f"audio_{source}")


@pytest.mark.parametrize("source", ["quotes", "sale_lines", "claims", "purchases"])
def test_optical_keys_are_unique_over_structures(shops: Kept, source: str) -> None:
    shops.assert_keys_are_unique(f"optical_{source}")


def test_the_payers_of_a_device_pay_its_price_and_class_1_its_cap(centres: Kept) -> None:
    fittings = centres["audio_fittings"]
    shares = pc.add(pc.add(fittings["amo_eur"], fittings["amc_eur"]), fittings["patient_eur"])
    assert pc.all(pc.equal(shares, fittings["price_eur"])).as_py()
    assert pc.min(fittings["patient_eur"]).as_py() >= 0
    class_1 = fittings.filter(pc.equal(fittings["device_class"], "I"))
    assert pc.max(class_1.filter(pc.less(class_1["amo_eur"], 660))["price_eur"]).as_py() <= 950
    children = fittings.filter(pc.greater_equal(fittings["amo_eur"], 660))
    assert 1_000 < pc.max(children.filter(pc.equal(children["device_class"], "I"))["price_eur"]).as_py() <= 1_400


def test_nothing_happens_before_what_it_follows_from(centres: Kept, shops: Kept) -> None:
    trials, fittings = centres["audio_trials"], centres["audio_fittings"]
    both = fittings.join(
        trials.select(["trial_id", "started_on", "ended_on", "outcome"]), "trial_id", join_type="inner"
    )
    assert both.num_rows > 0.9 * fittings.num_rows  # the others' trials were over before the data of their site began
    assert pc.all(pc.less_equal(both["ended_on"], both["fitted_on"])).as_py()
    assert pc.unique(both["outcome"]).to_pylist() == ["fitted"]
    claims = shops["optical_claims"].join(
        shops["optical_sale_lines"].group_by("sale_id").aggregate([("sold_on", "min")]), "sale_id", join_type="inner"
    )
    assert pc.all(pc.less_equal(claims["sold_on_min"], claims["sent_on"])).as_py()


def test_audio_rates_are_plausible(centres: Kept) -> None:
    assert 0.65 < centres.rate("audio", "audio_trials_fitted", "audio_trials_closed") < 0.85
    assert 0.66 < centres.rate("audio", "audio_patients_fitted_both_ears", "audio_patients_fitted") < 0.82
    assert 0.01 < centres.rate("audio", "audio_devices_returned", "audio_devices_fitted") < 0.06
    assert 0.70 < centres.rate("audio", "audio_sessions_done", "audio_sessions_due") < 0.95


def test_the_reform_brings_class_1_in_2021() -> None:
    fittings = made(audio, 200_000, 1, until=date(2021, 12, 31))["audio_fittings"]
    years = fittings.append_column("year", pc.year(fittings["fitted_on"]))

    def share(year: int) -> float:
        mine = years.filter(pc.equal(years["year"], year))["device_class"]
        return float(pc.mean(pc.equal(mine, "I").cast(pa.float64())).as_py())

    assert share(2019) < 0.15
    assert 0.3 < share(2021) < 0.5


def test_optical_rates_are_plausible(shops: Kept) -> None:
    assert 280 < shops.rate("optical", "optical_net_sales_eur", "optical_first_pairs") < 530
    assert 0.25 < shops.rate("optical", "optical_second_pairs", "optical_first_pairs") < 0.5
    assert 0.55 < shops.rate("optical", "optical_quotes_sold", "optical_quotes_decided") < 0.85
    assert 0.02 < shops.rate("optical", "optical_claims_rejected", "optical_claims_answered") < 0.08


def test_the_payers_of_a_line_pay_it_and_a_payer_pays_a_sale_once(shops: Kept) -> None:
    lines, claims = shops["optical_sale_lines"], shops["optical_claims"]
    shares = pc.add(pc.add(lines["amo_eur"], lines["amc_eur"]), lines["household_eur"])
    assert pc.all(pc.equal(shares, lines["net_eur"])).as_py()
    paid = claims.filter(pc.equal(claims["status"], "paid"))
    assert paid.group_by(["sale_id", "payer"]).aggregate([]).num_rows == paid.num_rows


def test_every_line_sold_has_a_purchase_price(shops: Kept) -> None:
    priced = shops["optical_purchases"].group_by(["structure_id", "product_code"]).aggregate([])
    orphans = shops["optical_sale_lines"].join(priced, ["structure_id", "product_code"], join_type="left anti")
    assert orphans.num_rows == 0


def test_a_corrected_row_differs_and_still_adds_up(centres: Kept, shops: Kept) -> None:
    for kept in (centres, shops):
        for source, (before, after) in kept.corrections.items():
            assert before.schema == after.schema
            for was, became in zip(before.to_pylist(), after.to_pylist(), strict=True):
                assert was != became, source
                keys = [f.name for f in contract(source).key if f.name in was]
                assert [was[k] for k in keys] == [became[k] for k in keys]
                if source == "audio_fittings":
                    assert became["price_eur"] == became["amo_eur"] + became["amc_eur"] + became["patient_eur"]
                if source == "optical_sale_lines":
                    assert became["net_eur"] == became["amo_eur"] + became["amc_eur"] + became["household_eur"]
                    sign = -1 if became["net_eur"] < 0 else 1  # A credit note gives back.
                    assert min(sign * became["amc_eur"], sign * became["household_eur"]) >= 0


@pytest.mark.parametrize(("line", "source"), [(audio, "audio_sessions"), (optical, "optical_claims")])
def test_the_same_seed_gives_the_same_rows(line: ModuleType, source: str) -> None:
    one, other = made(line, 20_000, 3), made(line, 20_000, 3)
    assert one[source].equals(other[source])
