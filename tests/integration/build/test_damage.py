"""A run finds what a disk did to a mart or to the mirror, though nothing else is new."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from lake import builds, contracts, mirror
from lake import run as runs
from lake.store import Store
from tests.integration.build.test_publish import flipped

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_a_run_builds_a_damaged_mart_again_and_names_a_damaged_mirror(
    project: Path, store: Store, land: Callable[..., None]
) -> None:
    shutil.rmtree(project / "expectations")
    land(range(10))
    assert runs.run(store, ["audio"], project=project).state == "published"
    first = builds.published("audio")
    assert first
    assert {"audio.duckdb", "core.duckdb", "inputs/audio_fittings/1-1.parquet"} < set(first.files)

    flipped(first.database)
    assert runs.run(store, ["audio"], project=project).state == "published"
    second = builds.published("audio")
    assert second
    assert (second.id > first.id, second.fingerprint) == (True, first.fingerprint)
    assert builds.damage(second) is None
    with duckdb.connect(second.database, read_only=True) as con:
        assert con.execute("select count(*) from atomic.fct_audio_fittings").fetchall() == [(10,)]

    flipped(second.folder / "inputs" / "audio_fittings" / "1-1.parquet")
    refused = runs.run(store, ["audio"], project=project)
    assert (refused.state, refused.exit_code) == ("failed", 1)
    assert "Run `lake mirror audio_fittings --full`, then `lake run`." in str(refused.lines["audio"].error)
    mirror.mirror(store, contracts.load(project / "contracts" / "audio" / "fittings.yaml"), full=True)
    assert runs.run(store, ["audio"], project=project).state == "published"
