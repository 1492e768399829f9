"""Where a mirror, a build and a pointer came from: another lake, or another past of this one, is never taken for it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from lake import builds, contracts, doctor, mirror
from lake import run as runs
from lake import status as room
from lake.build import build_lines
from lake.cli import app
from lake.contracts import Contract
from lake.errors import ForeignOrigin
from lake.store import LAKE_ID, Store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

Land = Callable[..., None]
NAME = "audio_fittings"


@pytest.fixture
def fittings(project: Path, monkeypatch: pytest.MonkeyPatch) -> Contract:
    shutil.rmtree(project / "expectations")
    known = contracts.catalogue(project / "contracts")
    monkeypatch.setattr(contracts, "FOLDER", project / "contracts")
    for module in (room, doctor.contracts):
        monkeypatch.setattr(module, "catalogue", lambda: known)
    return known[NAME]


def fittings_seen() -> int:
    """What readers see."""
    build = builds.published("audio")
    assert build is not None
    with duckdb.connect(build.database, read_only=True) as con:
        return int(con.execute("select count(*) from atomic.fct_audio_fittings").fetchall()[0][0])


def said(store: Store) -> dict[str, str]:
    """What doctor says of mirror and mart."""
    return {f.topic: f"{f.level}: {f.what} {f.remedy}" for f in doctor._lake(store)}


def backup(store: Store) -> dict[str, list[Any]]:
    return {name: list(store._db[name].find()) for name in store._db.list_collection_names()}


def restore(store: Store, kept: dict[str, list[Any]]) -> None:
    store.drop()
    for name, documents in kept.items():
        if documents:
            store._db[name].insert_many(documents)


def test_after_mongodb_is_lost_and_filled_again_new_records_reach_the_mart_by_the_command_that_is_named(
    project: Path, store: Store, land: Land, fill: Land, fittings: Contract
) -> None:
    land(range(10))
    assert runs.run(store, ["audio"], project=project).state == "published"
    lost = store.fact(LAKE_ID)
    store.drop()
    fill(range(7))

    refused = runs.run(store, ["audio"], project=project)
    assert (refused.state, refused.exit_code) == ("failed", ForeignOrigin.exit_code)
    assert ForeignOrigin.exit_code == 78
    told = refused.lines["audio"].error or ""
    assert lost
    assert f"of another lake, {lost[:8]}" in told
    assert "run `lake mirror --full`, then `lake run`" in told
    assert said(store)["mirror"].startswith("wrong: not that of this MongoDB for audio_fittings: of another lake")
    assert said(store)["mart audio"].startswith("wrong: what readers see is of another lake")
    shown = CliRunner().invoke(app, ["status"])
    assert shown.exit_code == 0, shown.output
    assert "! mirror of audio_fittings is of another lake" in shown.output
    assert "! audio: what readers see is of another lake" in shown.output

    repaired = CliRunner().invoke(app, ["mirror", "--full"])
    assert repaired.exit_code == 0, repaired.output
    assert said(store)["mirror"].startswith("fine")
    assert runs.run(store, ["audio"], project=project).state == "published"
    assert fittings_seen() == 7
    assert said(store)["mart audio"].startswith("fine")
    published = json.loads((builds.folder("audio") / "published.json").read_text("utf-8"))
    assert published["lake"] == store.fact(LAKE_ID) != lost


def test_a_database_restored_to_an_older_day_and_filled_on_is_noticed_though_every_number_is_the_same(
    project: Path, store: Store, land: Land, fill: Land, fittings: Contract
) -> None:
    land(range(3))
    older = backup(store)
    land(range(3, 5))
    assert runs.run(store, ["audio"], project=project).state == "published"
    before = [(b.number, b.records) for b in store.committed_batches()]
    restore(store, older)
    with pytest.raises(ForeignOrigin, match="another past of this lake: batches 2 to 2 are not those of MongoDB"):
        mirror.mirror(store, fittings)
    fill(range(10, 12))
    assert [(b.number, b.records) for b in store.committed_batches()] == before

    assert runs.run(store, ["audio"], project=project).exit_code == ForeignOrigin.exit_code
    assert "of another past of this lake" in said(store)["mirror"]
    assert "what readers see of audio_fittings is of another past of this lake" in said(store)["mart audio"]
    mirror.mirror(store, fittings, full=True)
    assert runs.run(store, ["audio"], project=project).state == "published", "the same numbers are other inputs now"
    assert {level.partition(":")[0] for topic, level in said(store).items() if topic in ("mirror", "mart audio")} == {
        "fine"
    }


def test_another_database_on_the_same_folder_is_noticed_before_anything_is_landed_in_it(
    project: Path, store: Store, land: Land, fittings: Contract
) -> None:
    land(range(3))
    store.drop()
    assert "MongoDB holds no lake now" in (room.status(store).sources[0].foreign or "")
    with pytest.raises(ForeignOrigin):
        mirror.mirror(store, fittings)


def test_a_mirror_of_before_lakes_had_an_id_is_taken_for_this_one_by_the_time_of_its_last_commit(
    store: Store, land: Land, fittings: Contract
) -> None:
    land(range(3))
    (path,) = mirror.files(NAME)
    table = pq.read_table(path)
    older = {mirror.LANDED_AT: (table.schema.metadata or {})[mirror.LANDED_AT]}

    def write(metadata: dict[bytes, bytes]) -> None:
        path.unlink()
        pq.write_table(table.replace_schema_metadata(metadata), path)

    write(older)
    land(range(3, 5))
    assert mirror.through_batch(NAME) == 2
    assert mirror.mirrored_origin(NAME).batches == "", "not all of it can be told"
    write({mirror.LANDED_AT: datetime(2020, 1, 1, tzinfo=UTC).isoformat().encode()})
    with pytest.raises(ForeignOrigin, match="batches 1 to 1 are not those"):
        mirror.mirror(store, fittings)
    write({**older, mirror.FORM: b"2"})
    with pytest.raises(ForeignOrigin, match="newer version of this software"):
        mirror.mirror(store, fittings)
    mirror.mirror(store, fittings, full=True)
    assert mirror.mirrored_origin(NAME).lake == store.fact(LAKE_ID)


def test_merged_files_hold_the_same_batches(
    store: Store, land: Land, fittings: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    for batch in range(3):
        land(range(batch, batch + 1), price_eur=Decimal(batch))
    apart = mirror.mirrored_origin(NAME)
    monkeypatch.setattr(mirror, "FILES_KEPT", 1)
    mirror.mirror(store, fittings)
    assert [path.name for path in mirror.files(NAME)] == ["1-3.parquet"]
    assert mirror.mirrored_origin(NAME) == apart
    assert mirror.mirror(store, fittings).records == 0


def test_files_of_two_lakes_make_no_build(project: Path, store: Store, land: Land, fittings: Contract) -> None:
    land(range(3))
    (path,) = mirror.files(NAME)
    table = pq.read_table(path)
    metadata = {**(table.schema.metadata or {}), mirror.LAKE: b"another"}
    pq.write_table(table.replace_schema_metadata(metadata), path.with_name("2-2.parquet"))
    (outcome,) = build_lines(["audio"], project=project)
    assert isinstance(outcome.error, ForeignOrigin)
    assert "of 2 lakes" in str(outcome.error)
