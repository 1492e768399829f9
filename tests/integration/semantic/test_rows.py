"""The rows behind a figure add up to it, and are never those of another scope."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from lake import semantic
from lake.errors import AccessDenied, LakeError, QueryError
from lake.semantic import Filter
from tests.integration.semantic.conftest import Tiny

pytestmark = pytest.mark.xdist_group("semantic")

METRICS = [
    "audio_revenue",
    "audio_devices",
    "audio_class_i",
    "audio_returned",
    "audio_claims",
    "optical_revenue",
    "optical_sales",
    "optical_customers",
]


def test_rows_are_those_of_the_cell_and_add_up_to_it(tiny: Tiny) -> None:
    cell = {"site": "S01-AUD-01", "metric_time__quarter": date(2023, 4, 1)}
    page = semantic.rows("audio_revenue", cell, scope=tiny.scope("one"), limit=1000)
    expected = tiny.rows(
        "select fitting_id, fitted_on, note, price_eur from audio.atomic.fct_audio_fittings "
        "where site_id = 'S01-AUD-01' and fitted_on between '2023-04-01' and '2023-06-30' order by 1"
    )
    found = sorted((r["fitting"], r["fitted_on"], r["note"], r["audio_revenue"]) for r in page.table.to_pylist())
    assert found == expected
    assert page.count == len(expected) > 10
    assert page.figure == sum((e[3] for e in expected), Decimal(0))
    assert page.table.column_names[0] == "fitted_on"
    assert (page.columns[-1].name, page.columns[-1].unit) == ("audio_revenue", "eur")
    assert {c.name: c.label_en for c in page.columns}["device_class"] == "Class"


@pytest.mark.parametrize("metric", METRICS)
def test_the_rows_of_any_cell_make_its_figure(tiny: Tiny, metric: str) -> None:
    chance = random.Random(metric)
    for role in ("group", "both", "one"):
        scope = tiny.scope(role)
        by = chance.sample(["structure", "site", "site_commune", "structure_name"], 2)
        cells = semantic.query([metric], by=by, grain="quarter", scope=scope).table.to_pylist()
        for cell in chance.sample(cells, min(4, len(cells))):
            figure = cell.pop(metric)
            cell["metric_time__quarter"] = cell.pop("metric_time")
            page = semantic.rows(metric, cell, scope=scope, limit=5000)
            assert (page.figure or 0) == (figure or 0), (role, cell)
            assert page.count == len(page.table)


def test_filters_of_the_question_hold_for_its_rows(tiny: Tiny) -> None:
    where = [Filter("note", "contains", ("%",)), Filter("site__opened_on", "<", ("2018-01-01",))]
    period = {"since": date(2023, 3, 1), "until": date(2024, 3, 1)}
    (figure,) = semantic.query(["audio_revenue"], where=where, **period, scope=tiny.scope()).table.column(0).to_pylist()  # type: ignore[arg-type]
    page = semantic.rows("audio_revenue", where=where, **period, scope=tiny.scope())  # type: ignore[arg-type]
    assert page.figure == figure > 0
    assert set(page.table.column("note").to_pylist()) == {"100%"}


def test_a_dimension_that_is_two_steps_away_is_followed(tiny: Tiny) -> None:
    page = semantic.rows("audio_claims", {"fitting__note": "O'Brien"}, scope=tiny.scope("both"))
    ((figure,),) = tiny.rows(
        "select sum(claim_eur) from audio.atomic.fct_audio_claims c "
        "join audio.atomic.fct_audio_fittings f using (fitting_id) "
        "where note = 'O''Brien' and c.structure_id in ('S01', 'S02')"
    )
    assert page.figure == figure


def test_a_rate_has_the_rows_of_its_parts(tiny: Tiny) -> None:
    share = semantic.rows("audio_class_i_share", scope=tiny.scope())
    assert (share.metric, share.parts) == ("audio_class_i", ("audio_class_i", "audio_devices"))
    devices = semantic.rows("audio_class_i_share", part="audio_devices", scope=tiny.scope())
    assert (share.count, devices.count) == (240, 600)
    with pytest.raises(
        QueryError, match=r"'audio_revenue' is no part of 'audio_class_i_share'\. Its parts: audio_class_i"
    ):
        semantic.rows("audio_class_i_share", part="audio_revenue", scope=tiny.scope())


def test_pages_follow_one_another(tiny: Tiny) -> None:
    pages = [semantic.rows("audio_devices", offset=o, limit=250, scope=tiny.scope()) for o in (0, 250, 500)]
    assert [len(p.table) for p in pages] == [250, 250, 100]
    seen = [key for p in pages for key in p.table.column("fitting").to_pylist()]
    assert len(set(seen)) == 600
    days = [day for p in pages for day in p.table.column("fitted_on").to_pylist()]
    assert days == sorted(days)
    for wrong in ({"limit": -1}, {"limit": 10**9}, {"offset": -1}, {"limit": "1; drop"}):
        with pytest.raises(QueryError):
            semantic.rows("audio_devices", scope=tiny.scope(), **wrong)  # type: ignore[arg-type]


def test_rows_keep_to_the_scope(tiny: Tiny) -> None:
    one = semantic.rows("audio_devices", limit=1000, scope=tiny.scope("one"))
    assert set(one.table.column("structure").to_pylist()) == {"S01"}
    for cell in ({"structure": "S02"}, {"site": "S02-AUD-01"}, {"structure_name": 'Union "Centre"; drop table'}):
        page = semantic.rows("audio_devices", cell, scope=tiny.scope("one"))
        assert (page.count, page.figure, len(page.table)) == (0, None, 0)
    nobody = semantic.rows("audio_devices", scope=tiny.scope("nobody"))
    assert (nobody.count, nobody.figure, len(nobody.table)) == (0, None, 0)
    for value in ("' OR 1=1 --", "__lake_value_0__", "$v0_0"):
        assert semantic.rows("audio_devices", {"note": f"{value}!"}, scope=tiny.scope("one")).count == 0


def test_rows_need_the_permission_to_drill(tiny: Tiny) -> None:
    with pytest.raises(AccessDenied, match="may not see the atomic rows of line audio"):
        semantic.rows("audio_devices", scope=tiny.scope("two"))
    with pytest.raises(AccessDenied):
        semantic.rows("audio_devices", scope=tiny.scope("optician"))
    with pytest.raises(TypeError):
        semantic.rows("audio_devices", scope=None)  # type: ignore[arg-type]


def test_names_are_those_of_the_manifest(tiny: Tiny) -> None:
    for name in ("note' OR 1=1", "fact.note", "_value", "structure_id"):
        with pytest.raises(LakeError, match=r"Unknown|can't"):
            semantic.rows("audio_devices", {name: "x"}, scope=tiny.scope())


def test_a_cell_without_a_value_is_a_cell(tiny: Tiny) -> None:
    cell: dict[str, Any] = {"site_commune": None}
    page = semantic.rows("audio_devices", cell, scope=tiny.scope(), limit=1000)
    assert page.count == 100
    assert set(page.table.column("structure").to_pylist()) == {"S99"}


def test_rows_of_a_build_stay_its_own_whatever_is_published_since(tiny: Tiny) -> None:
    scope = tiny.scope("group")
    answer = semantic.query(["audio_devices"], scope=scope)
    tiny.publish("audio", change=_one_site, minutes=1)
    now, then = (semantic.rows("audio_devices", builds=builds, scope=scope) for builds in ((), answer.builds))
    assert then.figure == answer.table.column("audio_devices")[0].as_py() > now.figure
    assert then.builds == answer.builds != now.builds


def _one_site(folder: Path) -> None:
    file = folder / "audio.duckdb"
    whole = file.read_bytes()
    file.unlink()  # it is a link to the one of other builds
    file.write_bytes(whole)
    with duckdb.connect(str(file)) as connection:
        connection.execute("delete from atomic.fct_audio_fittings where site_id <> 'S01-AUD-01'")
