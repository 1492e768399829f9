"""A line restated at random: what is told adds up to the change of every cell, and is what was done to the records."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from group import Group, copied

from lake import access, build, builds, semantic
from lake.contracts import contract
from lake.mirror import LANDED_AT
from lake.semantic import Restatement
from lake.settings import settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

SOURCE = "audio_fittings"
#: Records done of each kind.
DONE = 12


@dataclass(frozen=True)
class Restated:
    """The group's audio line, and a build of it after `done`: record → what it was and what it is, None for nothing."""

    data: Path
    before: str
    after: str
    done: Mapping[str, tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]]

    def told(self, metric: str, **options: Any) -> Restatement:
        scope = access.scope("group-director")
        return semantic.restatement(metric, self.before, self.after, **{"scope": scope, **options})


@pytest.fixture(scope="module")
def kept(group: Group, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restated]:
    """Made without MongoDB: one more file in a copy of the mirror, as the next batch would write it."""
    data = tmp_path_factory.mktemp("restated")
    for folder in ("marts/audio", "marts/core", "mirror"):
        copied(group.data / folder, data / folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAKE_DATA", str(data))
        settings.cache_clear()
        before = builds.published("audio")
        assert before is not None
        done = restate(data / "mirror" / SOURCE)
        (outcome,) = build.build_lines(["audio"])
        assert outcome.build is not None, outcome.error
        builds.save(replace(outcome.build, status="passed"))  # its checks are not what is tested here
        builds.point("audio", outcome.build.id)
    settings.cache_clear()
    yield Restated(data, before.id, outcome.build.id, done)
    semantic.close()


@pytest.fixture
def restated(kept: Restated, monkeypatch: pytest.MonkeyPatch) -> Restated:
    monkeypatch.setenv("LAKE_DATA", str(kept.data))
    settings.cache_clear()
    return kept


def restate(folder: Path) -> dict[str, tuple[dict[str, Any] | None, dict[str, Any] | None]]:
    """Land a batch that corrects, moves, deletes and adds records."""
    chance = random.Random("restated")
    files = sorted(folder.glob("*.parquet"))
    versions = [row for path in files for row in pq.read_table(path).to_pylist()]
    states: dict[bytes, dict[str, Any]] = {}
    for row in sorted(versions, key=lambda r: (r["_order"], r["_batch"], r["_version"])):
        states[row["_key"]] = row
    last = {row["_key"]: max(v["_version"] for v in versions if v["_key"] == row["_key"]) for row in states.values()}
    alive = sorted((r for r in states.values() if not r["_deleted"]), key=lambda r: r["fitting_id"])
    chosen = chance.sample(alive, 4 * DONE)
    batch = max(int(path.stem.partition("-")[2]) for path in files) + 1_000
    written, done = [], {}
    for nth, old in enumerate(chosen):
        way = ("corrected", "moved", "deleted", "new")[nth // DONE]
        row = old | {
            "_batch": batch,
            "_order": old["_order"] + 10**9,
            "_version": last[old["_key"]] + 1,
            "_line": nth + 2,
        }
        more = Decimal(chance.randrange(1, 5000)) / 100
        if way == "corrected":
            row |= {"price_eur": old["price_eur"] + more, "patient_eur": old["patient_eur"] + more}
        elif way == "moved":
            row |= {"fitted_on": old["fitted_on"] + timedelta(days=chance.randrange(40, 90))}
        elif way == "deleted":
            row |= {"_deleted": True}
        else:
            row |= {"_key": chance.randbytes(16), "_version": 0, "fitting_id": f"AP99{nth:07}", "trial_id": None}
        written.append(row | {"_file": 99_999, "_hash": nth})
        done[row["fitting_id"]] = (None if way == "new" else old, None if way == "deleted" else row)
    landed = {LANDED_AT: b"2026-11-01T08:00:00+00:00"}
    schema = contract(SOURCE).mirror_schema.with_metadata(landed)
    pq.write_table(pa.Table.from_pylist(written, schema=schema), folder / f"{batch}-{batch}.parquet")
    return done


def test_the_change_of_every_cell_is_what_was_done_to_the_records(restated: Restated) -> None:
    expected: Counter[tuple[date, str]] = Counter()
    for old, new in restated.done.values():
        for row, sign in ((old, -1), (new, 1)):
            if row is not None:
                expected[row["fitted_on"].replace(day=1), row["structure_id"]] += sign * row["price_eur"]
    found = restated.told("audio_sales_eur")
    changes = {(c["metric_time"], c["structure"]): c["change"] for c in found.cells.to_pylist()}
    assert changes == {cell: change for cell, change in expected.items() if change}
    assert found.total is not None
    assert found.total.change == sum(expected.values())


def test_the_records_are_those_that_were_landed_with_their_file_and_line(restated: Restated) -> None:
    found = restated.told("audio_sales_eur")
    assert found.records is not None
    told = {row["record"]: row for row in found.records.to_pylist()}
    assert set(told) == set(restated.done)
    assert Counter(row["kind"] for row in told.values()) == {"corrected": 2 * DONE, "deleted": DONE, "new": DONE}
    for name, (old, new) in restated.done.items():
        row = told[name]
        assert (row["value_a"], row["value_b"]) == (old and old["price_eur"], new and new["price_eur"])
        assert (row["day_a"], row["day_b"]) == (old and old["fitted_on"], new and new["fitted_on"])
        assert (row["source"], row["file"]) == (SOURCE, 99_999)
    assert sorted(row["line"] for row in told.values()) == list(range(2, 4 * DONE + 2))
    assert "audio_fittings" in {d.name for d in found.differences if d.kind == "source"}


def test_causes_add_up_to_the_change_of_random_cells_of_every_additive_indicator(restated: Restated) -> None:
    chance = random.Random("cells")
    scopes = [access.scope("group-director"), access.scope("structure-director")]
    names = [
        i.name for i in semantic.metrics("audio") if i.is_additive and semantic.rows(i.name, limit=0, scope=scopes[0])
    ]
    assert len(names) > 20
    told = 0
    for name in names:
        by = chance.sample(["structure", "site", "site_commune", "person_age_band", "device_class"], 2)
        by = [d for d in by if d in indicator_dimensions(name)] or ["structure"]
        grain = chance.choice(["month", "quarter", "year"])
        for scope in scopes:
            found = restated.told(name, by=by, grain=grain, scope=scope)
            if found.parts != (name,):
                continue
            dimensions = ["metric_time", *by]
            summed: Counter[tuple[Any, ...]] = Counter()
            for cause in found.causes.to_pylist():
                summed[tuple(cause[d] for d in dimensions)] += cause["change"]
            changes = {tuple(c[d] for d in dimensions): c["change"] for c in found.cells.to_pylist()}
            assert {cell: change for cell, change in summed.items() if change} == changes, name
            told += len(changes)
    assert told > 100


def indicator_dimensions(name: str) -> set[str]:
    return set(next(i for i in semantic.metrics("audio") if i.name == name).dimensions)


def test_rates_and_distinct_counts_have_cells_and_records_of_their_parts(restated: Restated) -> None:
    rate = restated.told("audio_average_price_eur")
    assert rate.parts == ("audio_sales_eur", "audio_devices_fitted")
    assert rate.records is not None
    assert set(rate.records.column("part").to_pylist()) == set(rate.parts)
    patients = restated.told("audio_patients_fitted")
    assert patients.adding_up == ()
    assert patients.record_count >= 3 * DONE  # a corrected price changes no count of patients
    assert {row["change"] for row in patients.records.to_pylist()} <= {-1, 0, 1}  # type: ignore[union-attr]
    both = restated.told("audio_patients_fitted_both_ears")
    assert both.records is not None
    others = {row["record"] for row in both.records.to_pylist() if row["kind"] == "other"}
    assert not others & set(restated.done)  # the other ear of a pair that is one no more
