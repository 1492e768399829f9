"""The sample's staff and books go with what its trades bill, whatever the size: ratios between them mean something."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from kept import UNTIL, Kept

from lake.sample.economics import TRADES, months
from lake.sample.world import World


@dataclass(frozen=True)
class Made:
    """A group of one size: what its trades and its head offices deliver, and the world that it is made from."""

    world: World
    kept: Kept

    def total(self, source: str, column: str) -> float:
        return float(pc.sum(self.kept[source][column]).as_py())

    def earned(self, line: str) -> float:
        """Income by the books, in euros, over all years."""
        return sum(float(months(self.world, t).income.sum()) for t in self.world.tenures if t.site.line == line)

    def fte_months(self, *professions: str) -> float:
        staff = self.kept["group_staff"]
        return float(pc.sum(staff["fte"].filter(pc.is_in(staff["profession"], pa.array(professions)))).as_py())


@pytest.fixture(scope="module", params=[20_000, 300_000])
def made(request: pytest.FixtureRequest) -> Made:
    world, kept = World(request.param, 1, UNTIL), Kept()
    for line in ("group", "audio", "dental", "optical", "childcare"):
        import_module(f"lake.sample.{line}").generate(world, kept)
    return Made(world, kept)


def test_books_earn_about_what_trades_bill(made: Made) -> None:
    refunds = made.total("audio_returns", "refund_excl_vat_eur")
    billed = {
        "audio": made.total("audio_fittings", "price_excl_vat_eur") - refunds,
        "dental": made.total("dental_acts", "fee_eur"),
        "optical": made.total("optical_sale_lines", "net_excl_vat_eur"),
    }
    for line, euros in billed.items():
        assert made.earned(line) == pytest.approx(euros, rel=0.12), line
    fees = TRADES["childcare"].income[0][1] * made.earned("childcare")
    assert fees == pytest.approx(made.total("childcare_invoices", "amount_eur"), rel=0.15)


def test_an_hour_of_care_costs_what_it_does(made: Made) -> None:
    trade, hours = TRADES["childcare"], made.total("childcare_attendance", "attended_hours")
    assert 8 < made.earned("childcare") * (trade.wages * 1.4 + trade.external) / hours < 14


def test_practitioners_are_as_many_as_their_work_asks_for(made: Made) -> None:
    devices = made.kept["audio_fittings"].num_rows
    assert 150 < devices * 12 / made.fte_months("audiologist") < 350
    assert 18_000 < made.total("dental_acts", "fee_eur") / made.fte_months("dentist") < 40_000
    hours = made.total("childcare_attendance", "attended_hours")
    assert 0.2 < made.fte_months("early_years_teacher", "childcare_assistant") * 151.67 / hours < 0.5


def test_who_works_is_somebody_and_nobody_works_nowhere(made: Made) -> None:
    staff = made.kept["group_staff"]
    fte, heads = staff["fte"].cast(pa.float64()), staff["headcount"]
    assert pc.all(pc.equal(pc.greater(fte, 0), pc.greater(heads, 0))).as_py()
    assert pc.all(pc.less_equal(fte, heads.cast(pa.float64()))).as_py()
