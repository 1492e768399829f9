"""The lineage that a manifest tells: what comes before and after, and what changed between kept builds."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from apps.screens.catalogue.graph import Words, dot, picture
from lake import lineage
from lake.builds import Build
from lake.errors import BuildError


def node(kind: str, name: str, *parents: str, folder: str = "models/marts/audio", **more: Any) -> dict[str, Any]:
    return {
        "resource_type": kind,
        "name": name,
        "original_file_path": f"{folder}/{name}.yml",
        "depends_on": {"nodes": list(parents)},
        **more,
    }


def metric(name: str, *parents: str, **meta: str) -> dict[str, Any]:
    said = {"label_fr": name, "formula_en": "sum", **meta}
    return node("metric", name, *parents, type="simple", type_params={"expr": None}, config={"meta": said})


def manifest(formula: str = "sum of prices", more: dict[str, Any] | None = None) -> dict[str, Any]:
    nodes = {
        "model.stg": node("model", "stg", "source.fittings", folder="models/staging/audio", schema="staging"),
        "model.fct": node("model", "fct", "model.stg", schema="atomic", config={"meta": {"reconciles": ["fittings"]}}),
        "model.view": node("model", "view", "model.fct", schema="secured"),
        "test.a": node("test", "a", "model.fct"),
        "test.b": node("test", "b", "model.fct", "model.stg"),
    }
    metrics = {
        "metric.sales": metric("sales", "semantic_model.view", formula_en=formula, owner="audio-analyst"),
        "metric.share": metric("share", "metric.sales"),
        **(more or {}),
    }
    page = node("exposure", "portal_audio", "model.view", config={"meta": {"page": "audio"}}, owner={"name": "Anne"})
    return {
        "nodes": nodes,
        "sources": {"source.fittings": node("source", "fittings", folder="models/staging/audio", schema="lake")},
        "metrics": metrics,
        "exposures": {"exposure.audio": page},
        "semantic_models": {"semantic_model.view": node("semantic_model", "view", "model.view")},
    }


def build(folder: Path, id: str, document: dict[str, Any] | None) -> Build:
    made = folder / id
    made.mkdir()
    if document is not None:
        (made / "manifest.json").write_text(json.dumps(document), "utf-8")
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return Build("audio", id, made, "passed", now, 1.0, now, None, None, "f", "v")


def test_from_the_source_to_the_screens(tmp_path: Path) -> None:
    way = lineage.read(build(tmp_path, "1", manifest()))
    before = [n.id for n in way.before("indicator:share")]
    assert before == ["source:fittings", "staging:stg", "dataset:fct", "view:view", "indicator:sales"]
    assert {n.id for n in way.after("source:fittings")} == {
        *("staging:stg", "dataset:fct", "view:view", "indicator:sales", "indicator:share", "screen:audio")
    }
    assert [n.id for n in way.after("indicator:share")] == ["screen:audio"]


def test_a_node_knows_its_line_its_tests_its_owner_and_what_it_reconciles(tmp_path: Path) -> None:
    way = lineage.read(build(tmp_path, "1", manifest()))
    fact = way.nodes["dataset:fct"]
    assert (fact.line, fact.tests, fact.reconciles) == ("audio", 2, ("fittings",))
    assert way.nodes["indicator:sales"].owner == "audio-analyst"
    assert way.nodes["screen:audio"].owner == "Anne"


def test_the_history_says_what_changed_and_when(tmp_path: Path) -> None:
    kept = [
        build(tmp_path, "1", manifest("sum of prices")),
        build(tmp_path, "2", None),  # dbt failed before it wrote a manifest
        build(tmp_path, "3", manifest("sum of prices less refunds", {"metric.new": metric("new", "metric.sales")})),
        build(tmp_path, "4", manifest("sum of prices less refunds", {"metric.new": metric("new", "metric.sales")})),
    ]
    (change,) = lineage.history(reversed(kept), "indicator:sales")
    assert change.earlier == kept[0]
    assert (change.build.id, change.facet) == ("3", "formula_en")
    assert (change.before, change.after) == ("sum of prices", "sum of prices less refunds")
    (appeared,) = lineage.history(kept, "indicator:new")
    assert (appeared.build.id, appeared.facet) == ("3", "")
    assert lineage.history(kept, "dataset:fct") == []


def test_a_build_whose_manifest_is_gone_says_so(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="can't be read"):
        lineage.read(replace(build(tmp_path, "1", None), line="audio"))


def test_who_does_not_see_a_line_sees_nothing_of_it_on_the_way(tmp_path: Path) -> None:
    other = {"metric.acts": node("metric", "acts", "semantic_model.view", folder="models/marts/dental", type="simple")}
    other["metric.acts"] |= {"type_params": {}}
    whole = lineage.read(build(tmp_path, "1", manifest(more=other)))
    way = whole.within(lambda line: line == "audio")
    assert "indicator:acts" in {n.id for n in whole.after("source:fittings")}
    assert {n.line for n in way.nodes.values() if n.kind != "screen"} == {"audio"}
    assert "indicator:acts" not in {n.id for n in way.after("source:fittings")}
    assert whole.within(lambda line: line == "dental").before("indicator:acts") == ()


WORDS = Words(
    label=lambda n: n.name, address=lambda n: f"?{n.id}", file=lambda n: "CSV", several=lambda kind, n: f"{n} {kind}"
)


def test_the_drawing_goes_from_the_file_through_what_it_shows_to_the_screens(tmp_path: Path) -> None:
    way = lineage.read(build(tmp_path, "1", manifest()))
    drawn = picture(way, "indicator:share", WORDS)
    assert next(b.lines for b in drawn.boxes if b.kind == "source") == ("fittings", "CSV")
    assert set(drawn.arrows) == {
        ("source:fittings", "dataset:fct"),
        ("dataset:fct", "indicator:sales"),
        ("indicator:sales", "indicator:share"),
        ("indicator:share", "all-screen"),
    }


def test_many_indicators_become_one_box_that_counts_them(tmp_path: Path) -> None:
    many = {f"metric.m{n}": metric(f"m{n}", "semantic_model.view") for n in range(10)}
    way = lineage.read(build(tmp_path, "1", manifest(more=many)))
    drawn = picture(way, "source:fittings", WORDS)
    (together,) = [b for b in drawn.boxes if b.kind == "indicator"]
    assert together.lines[0] == "12 indicator"
    assert ("dataset:fct", "all-indicator") in drawn.arrows
    assert ("all-indicator", "all-screen") in drawn.arrows


def test_what_a_label_holds_can_not_break_the_drawing(tmp_path: Path) -> None:
    way = lineage.read(build(tmp_path, "1", manifest()))
    words = replace(WORDS, label=lambda n: 'a "b" \\ <i>')
    assert 'label="a \\"b\\" \\\\ <i>"' in dot(picture(way, "indicator:share", words))


def test_a_column_of_a_seed_has_the_type_that_its_file_is_read_with(tmp_path: Path) -> None:
    document = manifest()
    seed = {"schema": "atomic", "columns": {"cap_eur": {"name": "cap_eur", "description": "Cap."}}}
    document["nodes"]["seed.caps"] = node("seed", "caps", **seed, config={"column_types": {"cap_eur": "decimal(18,2)"}})
    (column,) = lineage.read(build(tmp_path, "20260101T000000-aaaaaa", document)).nodes["dataset:caps"].columns
    assert column == lineage.Column("cap_eur", "decimal(18,2)", "Cap.")
