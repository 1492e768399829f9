"""What the semantic layer answers, compared with plain SQL on the base tables."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from lake import semantic
from lake.errors import AccessDenied, QueryError, UnknownDimension, UnknownLine, UnknownMetric
from lake.semantic import Answer, Filter
from tests.integration.semantic.conftest import Tiny

pytestmark = pytest.mark.xdist_group("semantic")

FITTINGS = "audio.atomic.fct_audio_fittings"
CLAIMS = "audio.atomic.fct_audio_claims"
SALES = "optical.atomic.fct_optical_sales"


def rows(answer: Answer) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in answer.table.to_pylist()]


def test_a_figure_is_the_sum_over_the_atomic_rows(tiny: Tiny) -> None:
    answer = semantic.query(["audio_revenue"], scope=tiny.scope())
    ((total,),) = tiny.rows(f"select sum(price_eur) from {FITTINGS}")
    assert rows(answer) == [(total,)]
    assert isinstance(total, Decimal)
    assert answer.table.schema.field("audio_revenue").type == pa.decimal128(38, 2)


def test_a_count_is_a_whole_number(tiny: Tiny) -> None:
    answer = semantic.query(["audio_devices", "audio_class_i"], scope=tiny.scope())
    assert [f.type for f in answer.table.schema] == [pa.int64(), pa.int64()]
    assert rows(answer) == tiny.rows(f"select count(*), count(*) filter (device_class = 'I') from {FITTINGS}")


def test_dimensions_keep_the_names_and_the_order_in_which_they_were_asked(tiny: Tiny) -> None:
    answer = semantic.query(["audio_devices"], by=["site_commune", "structure"], grain="year", scope=tiny.scope())
    assert answer.table.column_names == ["metric_time", "site_commune", "structure", "audio_devices"]
    expected = tiny.rows(
        "select cast(date_trunc('year', fitted_on) as date), commune, f.structure_id, count(*) "
        f"from {FITTINGS} f left join core.atomic.dim_site using (site_id) "
        "group by all order by 1, 2 collate fr nulls last, 3"
    )
    assert rows(answer) == expected
    assert answer.table.schema.field("metric_time").type == pa.date32()


@pytest.mark.parametrize("name", ["commune", "site_commune", "site__commune"])
def test_a_dimension_answers_to_each_of_its_names(tiny: Tiny, name: str) -> None:
    answer = semantic.query(["audio_devices"], by=[name], scope=tiny.scope())
    assert answer.table.column_names == [name, "audio_devices"]
    assert answer.table.column(name).to_pylist() == ["Clermont-Ferrand", "Étaples", "L'Haÿ-les-Roses", "Nantes", None]


def test_names_sort_as_in_french_with_and_without_comparisons(tiny: Tiny) -> None:
    """As `18-accents-sorted-last` of the shared cases: Échirolles stood after Saint-Étienne."""
    for compare in ([], ["share"]):
        answer = semantic.query(["audio_devices"], by=["site_commune"], compare=compare, scope=tiny.scope())
        names = answer.table.column("site_commune").to_pylist()
        assert names == ["Clermont-Ferrand", "Étaples", "L'Haÿ-les-Roses", "Nantes", None]


@pytest.mark.parametrize("grain", ["day", "week", "month", "quarter", "year"])
def test_every_grain_sums_to_the_whole(tiny: Tiny, grain: str) -> None:
    answer = semantic.query(["audio_revenue"], grain=grain, scope=tiny.scope())
    expected = tiny.rows(
        f"select cast(date_trunc('{grain}', fitted_on) as date), sum(price_eur) from {FITTINGS} group by 1 order by 1"
    )
    assert rows(answer) == expected


def test_a_period_includes_both_its_days(tiny: Tiny) -> None:
    ((first, last),) = tiny.rows(f"select min(fitted_on), max(fitted_on) from {FITTINGS}")
    whole = semantic.query(["audio_devices"], since=first, until=last, scope=tiny.scope())
    assert rows(whole) == [(600,)]
    one_day = semantic.query(["audio_devices"], since=first, until=first, scope=tiny.scope())
    assert rows(one_day) == tiny.rows(f"select count(*) from {FITTINGS} where fitted_on = date '{first}'")


def test_an_amount_with_many_claims_is_counted_once(tiny: Tiny) -> None:
    answer = semantic.query(["audio_revenue", "audio_claims"], by=["structure"], scope=tiny.scope())
    expected = tiny.rows(
        f"select structure_id, r, c from (select structure_id, sum(price_eur) r from {FITTINGS} group by 1) "
        f"left join (select structure_id, sum(claim_eur) c from {CLAIMS} group by 1) using (structure_id) order by 1"
    )
    assert rows(answer) == expected


def test_a_rate_is_a_rate_of_sums_at_every_grain(tiny: Tiny) -> None:
    answer = semantic.query(["audio_return_rate"], by=["site_commune"], scope=tiny.scope())
    sited = "(select commune, count(*) n from {} left join core.atomic.dim_site using (site_id) group by 1)"
    expected = tiny.rows(
        f"with d as {sited.format(FITTINGS)}, r as {sited.format('audio.atomic.fct_audio_returns')} "
        "select d.commune, r.n / d.n from d left join r on d.commune is not distinct from r.commune "
        "order by 1 collate fr nulls last"
    )
    assert rows(answer) == expected
    assert len(expected) == 5


def test_a_claim_is_split_by_a_dimension_of_its_sale(tiny: Tiny) -> None:
    answer = semantic.query(["audio_claims"], by=["device_class"], scope=tiny.scope())
    expected = tiny.rows(
        f"select device_class, sum(claim_eur) from {CLAIMS} join {FITTINGS} using (fitting_id) group by 1 order by 1"
    )
    assert rows(answer) == expected


def test_a_question_across_lines_has_one_answer(tiny: Tiny) -> None:
    answer = semantic.query(["audio_revenue", "optical_revenue"], by=["structure"], grain="year", scope=tiny.scope())
    expected = tiny.rows(
        f"with a as (select year(fitted_on) y, structure_id s, sum(price_eur) v from {FITTINGS} group by all), "
        f"o as (select year(sold_on) y, structure_id s, sum(amount_eur) v from {SALES} group by all) "
        "select make_date(coalesce(a.y, o.y), 1, 1), coalesce(a.s, o.s), a.v, o.v "
        "from a full join o using (y, s) order by 1, 2"
    )
    assert rows(answer) == expected
    assert {b.line for b in answer.builds} == {"audio", "optical"}


def test_order_and_limit(tiny: Tiny) -> None:
    answer = semantic.query(
        ["audio_devices"], by=["site"], order=["-audio_devices", "-site"], limit=2, scope=tiny.scope()
    )
    assert rows(answer) == tiny.rows(
        f"select site_id, count(*) from {FITTINGS} group by 1 order by 2 desc, 1 desc limit 2"
    )
    assert rows(semantic.query(["audio_devices"], by=["site"], limit=0, scope=tiny.scope())) == []


def test_an_answer_says_where_its_figures_come_from(tiny: Tiny) -> None:
    answer = semantic.query(["audio_revenue"], by=["device_class"], grain="month", scope=tiny.scope())
    assert answer.as_of == datetime(2024, 12, 31, 23, tzinfo=UTC)
    assert answer.check_status == "passed"
    assert [b.line for b in answer.builds] == ["audio"]
    time, device_class, revenue = answer.columns
    assert (time.kind, time.grain, time.format) == ("time", "month", "date")
    assert (device_class.label_fr, device_class.label_en) == ("Classe", "Class")
    assert (revenue.label_fr, revenue.unit, revenue.direction) == ("Chiffre d'affaires audio", "eur", "up")
    assert "audio_fittings" in answer.sql


def test_the_same_question_again_comes_from_memory(tiny: Tiny) -> None:
    first = semantic.query(["audio_revenue"], by=["site"], scope=tiny.scope())
    again = semantic.query(["audio_revenue"], by=["site"], scope=tiny.scope())
    assert first.timings.run_ms > 0
    assert again.timings.run_ms == 0
    assert again.table is first.table


def test_a_publication_shows_without_restart_and_old_answers_stay_readable(tiny: Tiny) -> None:
    before = semantic.query(["audio_devices"], scope=tiny.scope())
    newer = tiny.publish("audio", minutes=5)
    after = semantic.query(["audio_devices"], scope=tiny.scope())
    assert before.builds[0].id != newer.id
    assert after.builds[0].id == newer.id
    assert rows(before) == rows(after) == [(600,)]


def test_unknown_names_answer_with_the_nearest(tiny: Tiny) -> None:
    with pytest.raises(UnknownMetric) as metric:
        semantic.query(["audio_revenu"], scope=tiny.scope())
    assert metric.value.nearest[0] == "audio_revenue"
    with pytest.raises(UnknownDimension) as dimension:
        semantic.query(["audio_revenue"], by=["site_comune"], scope=tiny.scope())
    assert "commune" in dimension.value.nearest
    with pytest.raises(UnknownMetric, match=r"Line 'dental' has no published build: run `lake run dental`"):
        semantic.query(["dental_fees"], scope=tiny.scope())


def test_a_dimension_out_of_reach_says_so_and_what_is_within(tiny: Tiny) -> None:
    with pytest.raises(
        QueryError, match=r"optical_revenue can't be split by 'device_class'\. Possible: .*structure_name"
    ):
        semantic.query(["optical_revenue"], by=["device_class"], scope=tiny.scope())
    with pytest.raises(QueryError, match="optical_revenue can't be split by 'note'"):
        semantic.query(["audio_revenue", "optical_revenue"], by=["note"], scope=tiny.scope())


@pytest.mark.parametrize(
    ("question", "complaint"),
    [
        ({"metrics": []}, "No indicator was asked for"),
        ({"metrics": "audio_revenue"}, "not a list of names"),
        ({"metrics": ["audio_revenue"], "grain": "minute"}, "'minute' is not a grain"),
        ({"metrics": ["audio_revenue"], "by": ["site__day"]}, "not a date"),
        ({"metrics": ["audio_revenue"], "limit": -1}, "not a number of rows"),
        ({"metrics": ["audio_revenue"], "limit": "1; drop"}, "not a number of rows"),
        ({"metrics": ["audio_revenue"], "order": ["site"]}, "Unknown dimension 'site'"),
        ({"metrics": ["audio_revenue"], "where": [Filter("ear_count", "=", ("two",))]}, "'two' is not a number"),
        ({"metrics": ["audio_revenue"], "where": [Filter("is_binaural", "=", ("maybe",))]}, "true or false"),
        ({"metrics": ["audio_revenue"], "where": [Filter("fitted_on", ">", ("2024-13-01",))]}, "not a date"),
    ],
)
def test_a_question_that_makes_no_sense_is_answered_by_what_is_wrong(
    tiny: Tiny, question: dict[str, Any], complaint: str
) -> None:
    with pytest.raises((QueryError, UnknownDimension), match=complaint):
        semantic.query(**question, scope=tiny.scope())


def test_a_line_outside_the_role_is_denied_with_the_roles_that_may(tiny: Tiny) -> None:
    assert len(semantic.query(["optical_revenue"], scope=tiny.scope("optician")).table) == 1
    for metrics in (["audio_revenue"], ["optical_revenue", "audio_revenue"]):
        with pytest.raises(
            AccessDenied, match=r"'optician' may not see the indicators of line audio\. Roles that may: group"
        ):
            semantic.query(metrics, scope=tiny.scope("optician"))


def test_a_role_without_the_permission_to_read_reads_nothing(tiny: Tiny) -> None:
    with pytest.raises(AccessDenied):
        semantic.query(["audio_revenue"], scope=tiny.scope("blind"))


def test_single_events_need_the_permission_to_drill(tiny: Tiny) -> None:
    assert len(semantic.query(["audio_revenue"], by=["fitting"], scope=tiny.scope("one")).table) == 200
    with pytest.raises(AccessDenied, match="may not see the atomic rows"):
        semantic.query(["audio_revenue"], by=["fitting"], scope=tiny.scope("two"))
    with pytest.raises(AccessDenied, match="may not see the atomic rows"):
        semantic.query(["audio_revenue"], where=[Filter("fitting", "=", ("2",))], scope=tiny.scope("two"))


def test_a_line_without_a_publication_says_what_to_run(tiny: Tiny) -> None:
    (tiny.publish("audio", minutes=1).folder.parent / "published.json").unlink()
    with pytest.raises(QueryError, match="Run `lake run audio`"):
        semantic.query(["audio_revenue"], scope=tiny.scope())


def test_the_catalogue_lists_every_indicator_with_what_it_can_be_split_by(tiny: Tiny) -> None:
    found = {i.name: i for i in semantic.metrics()}
    assert list(found)[:3] == ["audio_class_i_share", "audio_devices", "audio_revenue"]
    revenue = found["audio_revenue"]
    assert revenue.line == "audio"
    assert revenue.label("fr") == "Chiffre d'affaires audio"
    assert revenue.definition("en") == "Sum of the prices of devices fitted."
    assert revenue.typical == (1000.0, 1000000.0)
    assert {"commune", "device_class", "structure", "site", "metric_time", "structure_name"} <= set(revenue.dimensions)
    assert [i.name for i in semantic.metrics("optical") if i.needs_time] == ["optical_growth"]
    additive = {i.name for i in semantic.metrics() if i.is_additive}
    assert {"optical_revenue", "optical_net", "audio_devices", "audio_class_i"} <= additive
    assert not {"optical_customers", "optical_basket", "optical_growth", "audio_return_rate"} & additive
    assert {i.line for i in semantic.metrics(scope=tiny.scope("optician"))} == {"optical"}
    with pytest.raises(UnknownLine):
        semantic.metrics("opticle")


def test_an_indicator_that_compares_periods_is_asked_by_period(tiny: Tiny) -> None:
    with pytest.raises(QueryError, match=r"'optical_growth' compares periods.*by a grain, such as year"):
        semantic.query(["optical_growth"], by=["structure"], scope=tiny.scope())
    found = rows(
        semantic.query(["optical_growth"], grain="year", where=[Filter("structure", "=", ("S01",))], scope=tiny.scope())
    )
    ((before, now),) = tiny.rows(
        "select sum(amount_eur) filter (year(sold_on) = 2023), sum(amount_eur) filter (year(sold_on) = 2024) "
        f"from {SALES} where structure_id = 'S01'"
    )
    assert (date(2024, 1, 1), now - before) in found
