"""A contract that gains a field, from the delivered file to the answer: nothing that was there is written again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from lake import build, builds, contracts, mirror, semantic, sources
from lake.access import Role, Scope
from lake.contracts import Contract
from lake.land import land
from lake.mirror_proof import differences
from lake.store import Store

#: dbt takes seconds to start, more on a busy machine.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

NAME = "audio_fittings"
FIELD = "      - {name: warranty_years, logicalType: integer, description: Years of warranty.}\n"
SCOPE = Scope(
    Role(name="t", label_fr="T", label_en="T", lines=("*",), structures=("*",), permissions=("read",)), "tester"
)


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    semantic.close()


def deliver(folder: Path, structure: str, keys: range, contract: Contract, **extra: str) -> tuple[int, int, int]:
    """Land one file of fittings: rows landed, unchanged and in quarantine."""
    header = ["fitting_id", "structure_id", "ear", "price_eur", "fitted_on", "changed_at", *extra]
    lines = [
        [f"AP{key}", structure, "left", "950,10", "02/05/2024", "02/05/2024 10:00:00", *extra.values()] for key in keys
    ]
    file = folder / f"{len(list(folder.iterdir()))}" / f"{structure}_audio_appareillages.csv"
    file.parent.mkdir()
    file.write_text("\n".join(";".join(line) for line in [header, *lines]) + "\n", "utf-8")
    (report,) = land([str(file)], contracts={NAME: contract}).files
    assert not report.quarantined or "warranty_years: not a whole number" in report.reasons, report.reasons
    return report.landed, report.unchanged, report.quarantined


def published(project: Path) -> str:
    (outcome,) = build.build_lines(["audio"], project=project)
    if outcome.error:
        raise outcome.error
    assert outcome.build is not None
    builds.save(replace(outcome.build, status="passed"))
    builds.point("audio", outcome.build.id)
    return outcome.build.id


def change(path: Path, old: str, new: str) -> None:
    whole = path.read_text("utf-8")
    assert old in whole
    path.write_text(whole.replace(old, new), "utf-8")


def test_a_field_that_a_contract_gains_reaches_the_answers(
    project: Path, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = tmp_path / "files"
    files.mkdir()
    first = contracts.load(project / "contracts" / "audio" / "fittings.yaml")
    extra = {"warranty_years": "4"}
    assert deliver(files, "S01", range(3), first) == (3, 0, 0)
    assert deliver(files, "S02", range(3, 5), first, **extra) == (2, 0, 0), "not a field yet: named and left out"
    mirror.mirror(store, first)
    (old,) = mirror.files(NAME)
    before = old.read_bytes(), old.stat().st_mtime_ns

    change(first.path, "version: 1.0.0", "version: 1.1.0")
    change(first.path, "      - {name: changed_at", f"{FIELD}      - {{name: changed_at")
    second = contracts.load(first.path)
    monkeypatch.setattr(sources, "catalogue", lambda: {NAME: second})
    sources.write(project)

    assert deliver(files, "S01", range(5, 7), second, **extra) == (2, 0, 0)
    assert deliver(files, "S01", range(7, 9), second) == (2, 0, 0), "it is optional: a file without it lands"
    assert deliver(files, "S02", range(9, 10), second, warranty_years="x") == (0, 0, 1)
    assert mirror.mirror(store, second).records == 4
    assert (old.read_bytes(), old.stat().st_mtime_ns) == before, "history is not written again"
    assert "warranty_years" not in pq.read_schema(old).names
    newest = mirror.files(NAME)[-1]
    assert [str(pq.read_schema(newest).field("warranty_years").type)] == ["int64"]
    assert differences(store, second) == []

    models = project / "models"
    change(models / "staging" / "audio" / "stg_audio__fittings.sql", "fitted_on,", "fitted_on, warranty_years,")
    change(models / "marts" / "audio" / "fct_audio_fittings.sql", "fitted_on,", "fitted_on, warranty_years,")
    mart = models / "marts" / "audio" / "fct_audio_fittings.yml"
    column, measure = (
        "{name: fitted_on, data_type: date}",
        "measures: [{name: audio_revenue_eur, agg: sum, expr: price_eur}",
    )
    change(mart, column, f"{column}\n      - {{name: warranty_years, data_type: bigint}}")
    change(mart, measure, f"{measure}, {{name: audio_warranty_years, agg: sum, expr: warranty_years}}")
    metric = (
        "  - {name: audio_warranty_years, label: Warranty, type: simple, type_params: {measure: audio_warranty_years}}"
    )
    mart.write_text(f"{mart.read_text('utf-8')}{metric}\n", "utf-8")
    published(project)
    assert asked("audio_revenue_eur", "audio_warranty_years") == {
        "audio_revenue_eur": 9 * 950.10,
        "audio_warranty_years": 8,
    }

    mirror.mirror(store, second, full=True)
    assert differences(store, second) == []


def asked(*metrics: str) -> dict[str, Any]:
    (row,) = semantic.query([*metrics], scope=SCOPE).table.to_pylist()
    return {name: float(row[name]) for name in metrics}
