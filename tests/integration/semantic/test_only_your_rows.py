"""Attempts to see a row outside the scope, or to change what is asked by a value. All of them fail."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from lake import access, semantic
from lake.access import Scope
from lake.errors import AccessDenied, LakeError, QueryError, UnknownDimension, UnknownMetric, UnknownName, UnknownRole
from lake.semantic import Filter, connection, execution, publications
from tests.integration.semantic.conftest import Tiny

pytestmark = pytest.mark.xdist_group("semantic")

FITTINGS = "audio.atomic.fct_audio_fittings"

#: Text that has broken out of quotes, templates, patterns and placeholders elsewhere.
HOSTILE = [
    "' OR '1'='1",
    "') OR 1=1 --",
    "S01' UNION SELECT structure_id FROM audio.atomic.fct_audio_fittings --",
    '"; DROP VIEW audio.secured.audio_fittings; --',
    "'; SET VARIABLE scope_structures = ['S02']; --",
    "{{ Dimension('structure__structure_name') }}",
    "{% raw %}' OR true --{% endraw %}",
    "__lake_value_0__",
    "'__lake_value_0__'",
    "'__lake_value_1__' OR '1'='1'",
    "$v0_0",
    "$1 OR true",
    "?",
    "%",
    "_%",
    ".*",
    "\\' OR 1=1 --",
    "\\",
    "\x00",
    "S01\x00' OR 1=1",
    "ʼ OR 1=1",
    "＇ OR 1=1 --",
    "\u202e' OR 1=1",
    "/* */",
    "E'\\x27 OR 1=1'",
    "$$ OR $$",
    "NULL",
    "*",
]

#: Whatever names are used for, these are none.
NAMES = [
    "audio_revenue; DROP TABLE x",
    'audio_revenue" FROM audio.atomic.fct_audio_fittings --',
    "audio_revenue) FROM audio.atomic.fct_audio_fittings --",
    "structure') }} OR 1=1 --",
    "site__commune') }} IS NULL OR true OR {{ Dimension('site__commune",
    'structure", (SELECT max(price_eur) FROM audio.atomic.fct_audio_fittings) AS "x',
    "structure_id",
    "audio.atomic.fct_audio_fittings",
    "price_eur",
    "*",
    "",
    " structure",
    "STRUCTURE",
    "ｓtructure",
    "audіo_revenue",
    "structure__structure_name__day",
    "getvariable('scope_structures')",
    "metric_time__century",
]


def total(tiny: Tiny, structures: tuple[str, ...], condition: str = "true") -> Decimal | None:
    listed = ", ".join(f"'{s}'" for s in structures) or "''"
    ((value,),) = tiny.rows(f"select sum(price_eur) from {FITTINGS} where structure_id in ({listed}) and ({condition})")
    return value


def asked(scope: Scope, *where: Filter, **more: Any) -> Decimal | None:
    table = semantic.query(["audio_revenue"], where=where, scope=scope, **more).table
    return sum((v for v in table.column("audio_revenue").to_pylist() if v is not None), Decimal(0))


@pytest.mark.parametrize(("role", "structures"), [("one", ("S01",)), ("two", ("S02",)), ("both", ("S01", "S02"))])
def test_a_scope_sees_the_rows_of_its_structures(tiny: Tiny, role: str, structures: tuple[str, ...]) -> None:
    scope = tiny.scope(role)
    assert asked(scope) == total(tiny, structures)
    seen = semantic.query(["audio_devices"], by=["structure"], scope=scope).table.column("structure").to_pylist()
    assert seen == list(structures)


def test_all_structures_are_those_that_are_there_also_those_that_nobody_declared(tiny: Tiny) -> None:
    seen = semantic.query(["audio_devices"], by=["structure"], scope=tiny.scope("group")).table
    assert seen.column("structure").to_pylist() == ["S01", "S02", "S03", "S99"]
    assert sum(seen.column("audio_devices").to_pylist()) == 600


def test_without_a_scope_there_is_no_call(tiny: Tiny) -> None:
    with pytest.raises(TypeError):
        semantic.query(["audio_revenue"])  # type: ignore[call-arg]
    for nothing in (None, "group", {"structures": ["S01"]}, ("S01",), tiny.scope().role):
        with pytest.raises(TypeError, match="no rows without"):
            semantic.query(["audio_revenue"], scope=nothing)  # type: ignore[arg-type]


@pytest.mark.parametrize("role", ["nobody", "unknown"])
def test_a_scope_without_rows_gives_no_figure(tiny: Tiny, role: str) -> None:
    scope = tiny.scope(role)
    for by in ([], ["structure"], ["site"], ["metric_time"], ["device_class"], ["site__structure__structure_name"]):
        table = semantic.query(["audio_revenue", "audio_return_rate"], by=by, scope=scope).table
        assert [v for name in ("audio_revenue", "audio_return_rate") for v in table.column(name).to_pylist() if v] == []
        assert len(table) == 0 or (not by and role == "unknown")


@pytest.mark.parametrize("field", ["structure", "site", "structure_name", "commune", "note", "device_class"])
def test_no_filter_widens_the_scope(tiny: Tiny, field: str) -> None:
    scope = tiny.scope("one")
    own = total(tiny, ("S01",))
    assert own is not None
    filters = [
        Filter(field, "!=", ("no such value",)),
        Filter(field, "not in", ("no such value", "nor this")),
        Filter(field, "in", ("S01", "S02", "S03", "S99", "S02-AUD-01", "Clermont-Ferrand", "Éclat du Midi", None)),
        Filter(field, "contains", ("",)),
        Filter(field, "starts with", ("",)),
        Filter(field, ">=", ("",)),
        Filter(field, "between", ("", "\U0010ffff")),
        Filter(field, "is null"),
        Filter(field, "is not null"),
    ]
    for given in filters:
        assert (asked(scope, given) or 0) <= own, given
    for foreign in (
        Filter("structure", "=", ("S02",)),
        Filter("site", "=", ("S02-AUD-01",)),
        Filter("structure", "!=", ("S01",)),
    ):
        assert not asked(scope, foreign), foreign


@pytest.mark.parametrize("op", ["=", "!=", "in", "not in", "contains", "starts with", "<", ">="])
def test_hostile_text_is_only_text(tiny: Tiny, op: Any) -> None:
    scope = tiny.scope("one")
    stored = tiny.rows(f"select price_eur, note from {FITTINGS} where structure_id = 'S01'")
    compare: dict[str, Callable[[str | None, str], bool]] = {
        "=": lambda note, value: note == value,
        "in": lambda note, value: note == value,
        "!=": lambda note, value: note != value,
        "not in": lambda note, value: note != value,
        "contains": lambda note, value: note is not None and value in note,
        "starts with": lambda note, value: note is not None and note.startswith(value),
        "<": lambda note, value: note is not None and note < value,
        ">=": lambda note, value: note is not None and note >= value,
    }
    for value in HOSTILE:
        expected = sum(price for price, note in stored if compare[op](note, value))
        answer = semantic.query(["audio_revenue"], where=[Filter("note", op, (value,))], scope=scope)
        assert (answer.table.column(0)[0].as_py() or 0) == expected, value


def test_values_don_t_reach_the_plan(tiny: Tiny) -> None:
    scope = tiny.scope("one")
    statements = {
        semantic.query(["audio_revenue"], by=["site"], where=[Filter("note", "=", (v,))], scope=scope).sql
        for v in HOSTILE
    }
    assert len(statements) == 1


@pytest.mark.parametrize("nested", [["S01"], ("S01", "S02"), {"S01": 1}, {"S01"}, b"S01", object(), lambda: "S01"])
def test_nested_values_are_refused(tiny: Tiny, nested: Any) -> None:
    with pytest.raises(QueryError):
        asked(tiny.scope("one"), Filter("structure", "in", (nested,)))
    with pytest.raises(QueryError):
        asked(tiny.scope("one"), Filter("structure", "=", (nested,)))


@pytest.mark.parametrize("op", ["OR", "= 'x' OR 1=1 --", "like", "", "IN", None, "=="])
def test_an_operator_is_one_of_the_known_ones(op: Any) -> None:
    with pytest.raises(QueryError, match="not an operator"):
        Filter("structure", op, ("S01",))


def test_a_name_is_one_of_the_manifest_s_or_nothing(tiny: Tiny) -> None:
    for name in NAMES:
        refuse(name, tiny.scope("one"))


def refuse(name: str, scope: Scope) -> None:
    with pytest.raises(UnknownMetric):
        semantic.query([name], scope=scope)
    with pytest.raises((UnknownDimension, QueryError)):
        semantic.query(["audio_revenue"], by=[name], scope=scope)
    with pytest.raises((UnknownDimension, QueryError)):
        semantic.query(["audio_revenue"], where=[Filter(name, "=", ("x",))], scope=scope)
    with pytest.raises(UnknownName):
        semantic.query(["audio_revenue"], by=["site"], order=[name], scope=scope)
    with pytest.raises(QueryError):
        semantic.query(["audio_revenue"], grain=name, scope=scope)
    with pytest.raises(UnknownRole):
        access.scope(name or "nobody ")


def test_dimensions_of_other_structures_stay_hidden(tiny: Tiny) -> None:
    scope = tiny.scope("one")
    for by in ("structure", "site", "structure_name", "commune", "site__structure", "site__structure__structure_name"):
        table = semantic.query(["audio_devices", "audio_returned"], by=[by], scope=scope).table
        assert sum(table.column("audio_devices").to_pylist()) == 200
        seen = {str(v) for v in table.column(by).to_pylist()}
        assert not [v for v in seen if v.startswith(("S02", "S03", "S99", "Union", "Éclat", "Clermont", "Étaples"))], by


def test_order_and_limit_reach_no_further(tiny: Tiny) -> None:
    scope = tiny.scope("one")
    for order in (["audio_revenue"], ["-audio_revenue"], ["site"], ["-site"]):
        table = semantic.query(["audio_revenue"], by=["site"], order=order, limit=10**9, scope=scope).table
        assert {s[:3] for s in table.column("site").to_pylist()} == {"S01"}


def test_memory_is_never_shared_between_scopes(tiny: Tiny) -> None:
    question: dict[str, Any] = {"metrics": ["audio_revenue"], "by": ["structure"]}
    seen = {}
    for role in ("group", "one", "nobody", "two", "both", "one", "group", "two"):
        table = semantic.query(**question, scope=tiny.scope(role)).table
        seen.setdefault(role, table)
        assert table.equals(seen[role])
    assert [t.num_rows for t in seen.values()] == [4, 1, 0, 1, 2]
    assert seen["one"].column("structure").to_pylist() == ["S01"]


def test_a_role_that_loses_a_structure_loses_its_rows_at_once(tiny: Tiny, tmp_path: Path) -> None:
    assert asked(tiny.scope("both")) == total(tiny, ("S01", "S02"))
    policy = tmp_path / "policy.yml"
    policy.write_text(policy.read_text("utf-8").replace("structures: [S01, S02]", "structures: [S02]"), "utf-8")
    assert asked(tiny.scope("both")) == total(tiny, ("S02",))


def test_sessions_at_the_same_time_keep_their_own_scope(tiny: Tiny) -> None:
    roles = {"group": ("S01", "S02", "S03", "S99"), "one": ("S01",), "two": ("S02",), "nobody": ()}
    expected = {
        (role, ears): total(tiny, structures, f"ear_count >= {ears}") or 0
        for role, structures in roles.items()
        for ears in range(3)
    }
    start = threading.Barrier(8)

    def session(seed: int) -> list[tuple[str, int, Any]]:
        chance = random.Random(seed)
        start.wait()
        seen = []
        for turn in range(25):
            role, ears = chance.choice(list(roles)), chance.randrange(3)
            # A filter that keeps everything and differs each time: nothing of this comes from memory.
            fresh = Filter("note", "!=", (f"{seed}-{turn}",))
            seen.append((role, ears, asked(tiny.scope(role), Filter("ear_count", ">=", (ears,)), fresh)))
        return seen

    with ThreadPoolExecutor(8) as pool:
        for seen in pool.map(session, range(8)):
            assert [s for s in seen if (s[2] or 0) != expected[s[0], s[1]]] == []


def test_a_connection_without_a_scope_sees_nothing_and_no_other_file(tiny: Tiny) -> None:
    source = publications.find(["audio_revenue"], tiny.scope())
    with execution.marts.using(source.builds) as mart:
        assert mart._root.execute("select count(*) from audio.secured.audio_fittings").fetchone() == (0,)
        with mart.cursor(["S01"]) as cursor:
            assert cursor.execute("select count(*) from audio.secured.audio_fittings").fetchone() == (200,)
            for statement in (
                "select * from read_csv('/etc/passwd')",
                f"attach '{tiny.files / 'optical'}.duckdb' as o",
                "copy (select 1) to '/tmp/out.csv'",
                "set enable_external_access = true",
                "set lock_configuration = false",
                "install httpfs",
                "delete from audio.atomic.fct_audio_fittings",
            ):
                with pytest.raises(duckdb.Error):
                    cursor.execute(statement)
        with mart.cursor([]) as cursor:
            assert cursor.execute("select count(*) from audio.secured.audio_fittings").fetchone() == (0,)


def test_a_kept_cursor_serves_its_own_scope_only(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "KEPT_CURSORS", 3)
    source = publications.find(["audio_revenue"], tiny.scope())
    with execution.marts.using(source.builds) as mart:

        def seen(*structures: str) -> list[str]:
            sql = "select distinct structure_id from audio.secured.audio_fittings where ear_count >= $least order by 1"
            return mart.table(sql, {"least": 0}, structures).column(0).to_pylist()

        for scope in random.Random(1).choices([("S01",), ("S02",), ("S01", "S02"), ("S01S02",), ()], k=40):
            assert seen(*scope) == [s for s in scope if s in ("S01", "S02")]
        assert len(mart._idle) == 3
        for statement in (
            "set variable scope_structures = ['S02']",
            "select 1; set variable scope_structures = ['S02']",
            "set variable scope_structures = ['S02']; select 1",
            "create temp table x as select 1",
        ):
            with pytest.raises(ValueError, match=r"SELECT|too many"):
                mart.table(statement, {}, ("S01",))
            assert seen("S01") == ["S01"]
        kept = len(mart._idle)
        with pytest.raises(duckdb.ConversionException):
            mart.table("select cast(structure_id as integer) from audio.secured.audio_fittings", {}, ("S01",))
        assert len(mart._idle) == kept - 1


def test_an_error_of_the_mart_quotes_no_value(tiny: Tiny) -> None:
    def break_it(folder: Path) -> None:
        document = json.loads((folder / "semantic_manifest.json").read_text("utf-8"))
        for model in document["semantic_models"]:
            for measure in model["measures"]:
                if measure["name"] == "audio_revenue_eur":
                    measure["expr"] = "cast(note as integer)"
        (folder / "semantic_manifest.json").unlink()
        (folder / "semantic_manifest.json").write_text(json.dumps(document), "utf-8")

    tiny.publish("audio", change=break_it, minutes=1)
    with pytest.raises(QueryError, match=r"could not answer \(ConversionException\)") as error:
        asked(tiny.scope("one"))
    assert not [word for word in ("Brien", "50_50", "été", "back") if word in str(error.value)]


def test_a_model_that_stands_on_a_bare_table_is_refused(tiny: Tiny) -> None:
    def bare(folder: Path) -> None:
        text = (folder / "semantic_manifest.json").read_text("utf-8")
        document = json.loads(text)
        for model in document["semantic_models"]:
            if model["name"] == "audio_fittings":
                model["node_relation"] |= {
                    "schema_name": "atomic",
                    "alias": "fct_audio_fittings",
                    "relation_name": '"audio"."atomic"."fct_audio_fittings"',
                }
        (folder / "semantic_manifest.json").unlink()
        (folder / "semantic_manifest.json").write_text(json.dumps(document), "utf-8")

    tiny.publish("audio", change=bare, minutes=1)
    for metrics, by in (
        (["audio_revenue"], []),
        (["audio_claims"], ["fitting__device_class"]),
    ):
        with pytest.raises(QueryError, match=r"is not a secured view"):
            semantic.query(metrics, by=by, scope=tiny.scope("one"))


def test_a_line_is_not_reached_through_another_s_dimensions(tiny: Tiny) -> None:
    for call in (
        lambda: semantic.query(["optical_revenue"], by=["fitting__device_class"], scope=tiny.scope("optician")),
        lambda: semantic.query(
            ["optical_revenue"], where=[Filter("fitting__note", "=", ("x",))], scope=tiny.scope("optician")
        ),
    ):
        with pytest.raises(LakeError) as error:
            call()
        assert isinstance(error.value, AccessDenied | QueryError | UnknownName)
