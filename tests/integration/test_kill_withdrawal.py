"""SIGKILL at random moments of a landing that withdraws: readers see the older delivery whole, or the newer one."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from lake import mirror
from lake.contracts import load
from lake.mirror_proof import differences
from lake.store import Store
from tests.integration.test_kill_land_and_mirror import FIRST_SECONDS, LAND, SECONDS, run

pytestmark = pytest.mark.slow

PLANS = load(Path(__file__).parents[1] / "contracts" / "lab" / "plans.yaml")
KILLS, ROWS = 8, 6000


def test_killing_a_landing_that_withdraws_shows_one_delivery_or_the_other(store: Store, tmp_path: Path) -> None:
    def write(name: str, sites: range, amount: int) -> Path:
        rows = "".join(f"S01;A{n};01/01/2027;{amount};\n" for n in sites)
        (path := tmp_path / name).write_text(f"Structure;Site;Mois;Montant;Modifié le\n{rows}", "utf-8")
        return path

    def state() -> tuple[int, int]:
        totals = store.control_totals(PLANS)
        return totals.live, int(totals.live_sums["amount_eur"])

    first = write("S01_plans_2027.csv", range(ROWS), 1)
    second = write("S01_plans_2027_v2.csv", range(ROWS // 10, ROWS), 2)
    run(LAND, PLANS.path, first)
    before, after = (ROWS, ROWS), (ROWS - ROWS // 10, 2 * (ROWS - ROWS // 10))
    chance = random.Random(5)
    moments = [FIRST_SECONDS, *(chance.uniform(0, SECONDS) for _ in range(KILLS - 1))]
    kills = 0
    while kills < KILLS and not run(LAND, PLANS.path, second, until=moments[kills]):
        kills += 1
        assert state() in (before, after)
    assert kills, "nothing was killed"
    run(LAND, PLANS.path, second)
    assert state() == after
    newest = store.files(PLANS.name)[-1]
    assert (newest.read, newest.landed, newest.withdrawn) == (ROWS - ROWS // 10, ROWS - ROWS // 10, ROWS // 10)
    assert store._db[PLANS.name].count_documents({}) == ROWS + newest.landed + newest.withdrawn
    mirror.mirror(store, PLANS)
    assert differences(store, PLANS) == []
