"""What changed between two builds is told record by record, with the file that brought it; the rest by its name."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from lake import build, builds, semantic
from lake.access import Permission, Role, Scope
from lake.builds import Build, Status
from lake.cli import app
from lake.errors import AccessDenied, QueryError, UnknownBuild, UnknownDimension, UnknownMetric
from lake.semantic import Filter, Restatement
from lake.semantic.origins import Difference, differences
from lake.settings import settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

MAY = date(2024, 5, 1)
METRIC = "audio_revenue_eur"


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    semantic.close()


def scope(*structures: str, may: tuple[Permission, ...] = ("read", "drill"), lines: tuple[str, ...] = ("*",)) -> Scope:
    role = Role(
        name="tester",
        label_fr="Testeur",
        label_en="Tester",
        lines=lines,
        structures=structures or ("*",),
        permissions=may,
    )
    return Scope(role, "tester")


def made(project: Path, status: Status = "passed") -> Build:
    """The audio line as it stands, built; its checks are not what is tested here."""
    (outcome,) = build.build_lines(["audio"], project=project)
    assert outcome.build is not None, outcome.error
    checked = replace(outcome.build, status=status)
    builds.save(checked)
    return checked


def told(before: Build, after: Build, **options: Any) -> Restatement:
    return semantic.restatement(METRIC, before.id, after.id, **{"scope": scope(), **options})


@dataclass(frozen=True)
class Restated:
    """Two builds, in a folder to copy them from, and the batch of each file that was landed."""

    marts: Path
    ids: tuple[str, str]
    batches: dict[int, int]


@pytest.fixture(scope="module")
def kept() -> dict[str, Restated]:
    """The two builds of `restated`, once they are made: dbt takes its time."""
    return {}


@pytest.fixture
def restated(
    kept: dict[str, Restated], tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> tuple[Build, Build]:
    """Ten fittings; then one is corrected, one deleted and one added, each by a file of its own."""
    if not kept:
        project, land = request.getfixturevalue("project"), request.getfixturevalue("land")
        land(range(10))
        before = made(project)
        land(range(3, 4), price_eur=Decimal("900.00"))
        land(range(5, 6), _deleted=True)
        land(range(11, 12), fitted_on=date(2024, 6, 3))
        after = made(project)
        marts = tmp_path_factory.mktemp("restated") / "marts"
        shutil.copytree(settings().marts, marts)
        files = request.getfixturevalue("store").files("audio_fittings")
        kept["builds"] = Restated(marts, (before.id, after.id), {f.number: f.batch for f in files})
    else:
        shutil.copytree(kept["builds"].marts, settings().marts)
    before, after = (builds.build("audio", id) for id in kept["builds"].ids)
    return before, after


def test_the_three_records_that_changed_are_told_and_nothing_else(
    restated: tuple[Build, Build], kept: dict[str, Restated]
) -> None:
    found = told(*restated)
    batch = kept["builds"].batches
    assert found.cells.to_pylist() == [
        cell(MAY, Decimal("4750.50"), Decimal("3750.30"), Decimal("-1000.20")),
        cell(date(2024, 6, 1), None, Decimal("950.10"), Decimal("950.10")),
    ]
    assert found.cell_count == 3
    assert found.total == semantic.restatement(METRIC, *(b.id for b in restated), by=(), scope=scope()).total
    assert found.total is not None
    assert found.total.change == Decimal("-50.10")
    shown = ("kind", "record", "day_a", "day_b", "value_a", "value_b", "change", "batch", "line")
    records = found.records
    assert records is not None
    day, june, price = date(2024, 5, 2), date(2024, 6, 3), Decimal("950.10")
    assert [tuple(row[name] for name in shown) for row in records.to_pylist()] == [
        ("new", "AP11", None, june, None, price, price, 4, 12),  # of equal changes, by key
        ("deleted", "AP5", day, None, price, None, -price, 3, 6),
        ("corrected", "AP3", day, day, price, Decimal("900.00"), Decimal("-50.10"), 2, 4),
    ]
    assert {(r["source"], batch[r["file"]]) for r in records.to_pylist()} == {("audio_fittings", n) for n in (2, 3, 4)}
    assert found.record_count == 3
    assert found.differences == (Difference("source", "audio_fittings", "1", "4"),)
    assert found.notes == ()


def cell(month: date, before: Decimal | None, after: Decimal, change: Decimal) -> dict[str, Any]:
    return {"metric_time": month, "structure": "S01", "value_a": before, "value_b": after, "change": change}


def test_causes_add_up_to_the_change_of_their_cell(restated: tuple[Build, Build]) -> None:
    found = told(*restated)
    assert found.adding_up == (METRIC,)
    assert [tuple(row.values())[1:] for row in found.causes.to_pylist()] == [
        (MAY, "S01", "corrected", 1, Decimal("-50.10")),
        (MAY, "S01", "deleted", 1, Decimal("-950.10")),
        (date(2024, 6, 1), "S01", "new", 1, Decimal("950.10")),
    ]


def test_a_record_that_moves_takes_from_one_cell_and_adds_to_another(project: Path, land: Callable[..., None]) -> None:
    land(range(4))
    before = made(project)
    land(range(1), fitted_on=date(2024, 6, 9))
    after = made(project)
    builds.point("audio", after.id)
    found = told(before, after)
    assert found.records is not None
    (moved,) = found.records.to_pylist()
    assert (moved["kind"], moved["day_a"], moved["day_b"], moved["change"]) == (
        "corrected",
        date(2024, 5, 2),
        date(2024, 6, 9),
        0,
    )
    assert found.total is not None
    assert found.total.change == 0
    assert [c["change"] for c in found.cells.to_pylist()] == [Decimal("-950.10"), Decimal("950.10")]
    assert [(c["kind"], c["change"]) for c in found.causes.to_pylist()] == [
        ("corrected", Decimal("-950.10")),
        ("corrected", Decimal("950.10")),
    ]
    backwards = semantic.restatement(METRIC, found.after.id, found.before.id, scope=scope())
    assert [c["change"] for c in backwards.cells.to_pylist()] == [Decimal("950.10"), Decimal("-950.10")]

    done = run(METRIC, "--as", "data-engineer", "--records", "--format", "csv")
    head, *rows = csv.reader(io.StringIO(done.stdout))
    assert [dict(zip(head, row, strict=True))["file_name"] for row in rows] == ["fittings.csv"]


def test_the_command_writes_cells_records_and_all_of_it(restated: tuple[Build, Build], mongo_settings: str) -> None:
    builds.point("audio", restated[1].id)
    shown = run(METRIC, "--as", "data-engineer", "--lang", "en").stdout
    assert ("AP3" in shown, "corrected" in shown, "source audio_fittings 1 → 4" in shown) == (True, True, True)
    assert f"audio: {restated[0].id} → {restated[1].id}" in shown
    cells = run(METRIC, "--as", "data-engineer", "--format", "csv", "--grain", "none").stdout
    assert cells == "structure,value_a,value_b,change\nS01,4750.50,4700.40,-50.10\n"
    whole = json.loads(run(METRIC, "--as", "data-engineer", "--format", "json").stdout)
    assert (whole["total"]["change"], whole["record_count"], len(whole["records"])) == (-50.1, 3, 3)
    same = run(METRIC, "--as", "data-engineer", "--from", restated[1].id, "--lang", "en").stdout
    assert "Nothing changed between these two builds." in same
    with pytest.raises(QueryError, match="keeps no build before"):
        run(METRIC, "--as", "data-engineer", "--to", restated[0].id)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["restatement", *arguments], catch_exceptions=False)


def test_what_no_record_changed_is_other_and_named(project: Path, land: Callable[..., None]) -> None:
    land(range(4))
    before = made(project)
    model = project / "models" / "marts" / "audio" / "fct_audio_fittings.sql"
    doubled = " cast(price_eur * 2 as decimal(18, 2)) as price_eur,"
    model.write_text(model.read_text("utf-8").replace(" price_eur,", doubled))
    yaml = model.with_suffix(".yml")
    yaml.write_text(yaml.read_text("utf-8").replace("expr: price_eur", "expr: price_eur + 0"))
    found = told(before, made(project))
    assert found.records is not None
    assert set(found.records.column("kind").to_pylist()) == {"other"}
    assert sum(found.causes.column("change").to_pylist()) == 4 * Decimal("950.10")
    assert [(d.kind, d.name) for d in found.differences] == [("model", "fct_audio_fittings"), ("code", "")]
    assert [n.en for n in found.notes] == [
        "The indicator is not defined alike in the two builds: each answers by its own definition."
    ]


def test_only_the_rows_of_the_scope_and_of_the_question_are_told(restated: tuple[Build, Build]) -> None:
    for structures in (("S02",), ()):
        role = scope().role.model_copy(update={"structures": structures})
        found = told(*restated, scope=Scope(role, "tester"))
        assert (len(found.cells), found.record_count, len(found.causes)) == (0, 0, 0)
    june = told(*restated, since=date(2024, 6, 1))
    assert (june.cell_count, june.record_count) == (1, 1)
    filtered = told(*restated, where=[Filter("structure", "=", ("S02",))], by=())
    assert (len(filtered.cells), filtered.record_count) == (0, 0)
    first = told(*restated, limit=1)
    assert first.records is not None
    assert (len(first.records), first.record_count) == (1, 3)


def test_records_need_the_permission_to_drill_and_figures_the_permission_to_read(
    restated: tuple[Build, Build],
) -> None:
    found = told(*restated, scope=scope(may=("read",)))
    assert found.records is None
    assert len(found.cells) == 2
    assert [n.en for n in found.notes] == ["The records themselves need the permission to drill."]
    with pytest.raises(AccessDenied):
        told(*restated, scope=scope(may=()))
    with pytest.raises(UnknownBuild):  # of a line out of scope, a build is not even known
        told(*restated, scope=scope(lines=("dental",)))
    builds.save(replace(restated[1], status="refused"))
    with pytest.raises(AccessDenied, match="publish"):
        told(*restated)
    assert told(*restated, scope=scope(may=("read", "publish"))).record_count == 3


def test_the_builds_of_lines_that_differ_are_named(restated: tuple[Build, Build]) -> None:
    before, after = (
        replace(build, made_from={"audio": id, "dental": "same"}) for build, id in zip(restated, "ab", strict=True)
    )
    found = [d for d in differences(METRIC, before, after) if d.kind == "build"]
    assert found == [Difference("build", "audio", "a", "b")]


def test_what_can_t_be_compared_is_refused_with_a_remedy(restated: tuple[Build, Build]) -> None:
    before, after = restated
    with pytest.raises(UnknownBuild, match=f"Unknown build '{after.id[:-1]}'. Did you mean .*{after.id}"):
        semantic.restatement(METRIC, before.id, after.id[:-1], scope=scope())
    with pytest.raises(UnknownMetric, match="Did you mean audio_revenue_eur"):
        semantic.restatement("audio_revenu_eur", before.id, after.id, scope=scope())
    with pytest.raises(UnknownDimension):
        told(before, after, by=("commune",))
    with pytest.raises(TypeError):
        told(before, after, scope=None)
    dental = replace(before, line="dental", folder=builds.folder("dental") / before.id.replace("T", "t"))
    dental = replace(dental, id=dental.folder.name)
    dental.folder.mkdir(parents=True)
    builds.save(dental)
    with pytest.raises(QueryError, match=r"of line 'audio' and .* of line 'dental'"):
        told(before, dental)
    builds.save(replace(after, status="failed"))
    with pytest.raises(QueryError, match="failed: it has no figures"):
        told(before, after, scope=scope(may=("read", "publish")))
