"""`lake query` and `lake metrics`, as they are typed."""

from __future__ import annotations

import csv
import io
import json

import pyarrow.parquet as pq
import pytest
from click.testing import Result
from typer.testing import CliRunner

from lake.cli import app
from lake.errors import AccessDenied, QueryError, UnknownMetric, UnknownRole
from tests.integration.semantic.conftest import Tiny

pytestmark = pytest.mark.xdist_group("semantic")


def run(*words: str) -> Result:
    result = CliRunner().invoke(app, words)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_a_table_is_in_the_reader_s_language_and_says_where_it_comes_from(tiny: Tiny) -> None:
    words = (
        "query",
        "--metrics",
        "audio_revenue,audio_class_i_share",
        "--by",
        "structure_name",
        "--where",
        "structure=S01",
    )
    french = run(*words).stdout
    ((revenue,),) = tiny.rows("select sum(price_eur) from audio.atomic.fct_audio_fittings where structure_id = 'S01'")
    whole, cents = f"{revenue:,.2f}".split(".")
    spaced = whole.replace(",", "\u202f")
    assert "Chiffre d'affaires audio" in french
    assert f"{spaced},{cents} €" in french
    assert "40,0 %" in french
    assert "audio: build 20250101T060000" in french
    assert "data of 2025-01-01 00:00 (Europe/Paris) · checks: 3 passed, 0 warned, 0 blocked" in french
    english = run(*words, "--lang", "en").stdout
    assert "Hearing-aid revenue" in english
    assert f"{whole}.{cents} €" in english
    assert "40.0 %" in english


def test_csv_is_for_machines_and_keeps_its_origin_on_stderr(tiny: Tiny) -> None:
    result = run("query", "--metrics", "audio_revenue", "--by", "commune", "--grain", "year", "--format", "csv")
    read = list(csv.DictReader(io.StringIO(result.stdout)))
    expected = tiny.rows(
        "select cast(date_trunc('year', fitted_on) as date), commune, sum(price_eur) "
        "from audio.atomic.fct_audio_fittings "
        "left join core.atomic.dim_site using (site_id) group by 1, 2 order by 1, 2 collate fr nulls last"
    )
    assert [tuple(r.values()) for r in read] == [(str(d), c or "", str(v)) for d, c, v in expected]
    assert "audio: build" in result.stderr


def test_json_has_its_origin_in_it(tiny: Tiny) -> None:
    document = json.loads(run("query", "--metrics", "audio_devices", "--format", "json").stdout)
    assert document["rows"] == [{"audio_devices": 600}]
    assert document["as_of"] == "2024-12-31T23:00:00+00:00"
    assert document["checks"] == "passed"


def test_parquet_keeps_types_exactly(tiny: Tiny) -> None:
    result = run("query", "--metrics", "audio_revenue", "--grain", "month", "--format", "parquet")
    table = pq.read_table(io.BytesIO(result.stdout_bytes))
    assert [str(t) for t in table.schema.types] == ["date32[day]", "decimal128(38, 2)"]
    assert b"audio/20250101T060000" in table.schema.metadata[b"lake.builds"]


def test_sql_shows_the_values_apart(tiny: Tiny) -> None:
    out = run("query", "--metrics", "audio_revenue", "--where", "note=x' or 1=1 --", "--format", "sql").stdout
    assert out.startswith('-- $v0_0 = "x\' or 1=1 --"\n')
    assert "IN ($v0_0)" in out


def test_order_limit_and_dates_are_taken_as_typed(tiny: Tiny) -> None:
    out = run(
        *("query", "--metrics", "audio_devices", "--by", "site", "--order", "-audio_devices,site", "--limit", "1"),
        *("--since", "2023-06-01", "--until", "2023-12-31", "--format", "csv"),
    ).stdout
    expected = tiny.rows(
        "select site_id, count(*) from audio.atomic.fct_audio_fittings "
        "where fitted_on between '2023-06-01' and '2023-12-31' group by 1 order by 2 desc, 1 limit 1"
    )
    assert out.splitlines()[1:] == [f"{site},{n}" for site, n in expected]


def test_a_role_decides_what_is_seen(tiny: Tiny) -> None:
    assert run("query", "--metrics", "audio_devices", "--as", "one", "--format", "csv").stdout == "audio_devices\n200\n"
    with pytest.raises(AccessDenied):
        run("query", "--metrics", "audio_devices", "--as", "optician")
    with pytest.raises(UnknownRole):
        run("query", "--metrics", "audio_devices", "--as", "root")


def test_mistakes_are_answered_by_what_to_do(tiny: Tiny) -> None:
    with pytest.raises(UnknownMetric, match="Did you mean audio_devices"):
        run("query", "--metrics", "audio_device")
    with pytest.raises(QueryError, match="can't be read"):
        run("query", "--metrics", "audio_devices", "--where", "commune ~ N")
    assert run("metrics", "--format", "parquet").exit_code == 2


def test_values_are_shown_as_they_are_not_as_markup(tiny: Tiny) -> None:
    out = run("query", "--metrics", "audio_devices", "--by", "note").stdout
    assert 'a"; drop table x --' in out
    assert "été 😀" in out


def test_metrics_lists_what_can_be_asked(tiny: Tiny) -> None:
    out = run("metrics", "audio", "--lang", "en").stdout
    assert (
        "  audio_revenue *  Hearing-aid revenue (eur)\n      Sum of the prices of devices fitted.\n"
        "      = sum of the prices of devices\n      by commune, "
    ) in out
    assert "optical" not in out
    listed = json.loads(run("metrics", "--format", "json", "--as", "optician").stdout)
    assert {i["line"] for i in listed} == {"optical"}


def test_nothing_published_says_so() -> None:
    assert "run `lake run`" in run("metrics").stderr


def test_comparisons_are_shown_with_what_they_could_not_tell(tiny: Tiny) -> None:
    words = ("query", "--metrics", "optical_revenue", "--since", "2023-06-01", "--until", "2023-06-30")
    out = run(*words, "--compare", "previous_year,year_to_date").stdout
    assert "un an avant" in out
    assert "pas de référence pour 1 ligne sur 1 ; les données commencent en 02/2023." in out
    document = json.loads(run(*words, "--compare", "previous_period", "--format", "json").stdout)
    assert document["notes"] == []
    changed = run("query", "--metrics", "optical_revenue", "--grain", "year", "--compare", "previous_year").stdout
    assert any(sign in changed for sign in ("+", "-"))


def test_a_value_that_no_row_has_is_told_with_those_that_are_near(tiny: Tiny) -> None:
    asked = ("query", "--metrics", "audio_revenue", "--format", "csv", "--where")
    known = sorted({name for (name,) in tiny.rows("select structure_name from core.atomic.dim_structure") if name})
    name = known[0]
    told = run(*asked, f"structure_name={name}x", "--lang", "en").stderr
    assert f"No data has structure_name '{name}x'; near: " in told
    assert name in told.split("near: ")[1]
    assert f"Aucune donnée n’a structure_name « {name}x » ; proches : " in run(*asked, f"structure_name={name}x").stderr
    assert "No data" not in run(*asked, f"structure_name={name}", "--lang", "en").stderr


def test_values_of_other_structures_are_not_told(tiny: Tiny) -> None:
    asked = ("query", "--metrics", "audio_revenue", "--where", "structure=S0", "--lang", "en")
    assert "S02" in run(*asked).stderr
    seen = run(*asked, "--as", "one").stderr
    assert "near: S01." in seen
