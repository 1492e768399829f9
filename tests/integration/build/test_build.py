"""Builds: whole or not there, named when they fail, not made again for nothing."""

from __future__ import annotations

import os
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from lake import build, builds
from lake.builds import Build
from lake.errors import BuildError, LeaseHeld

#: dbt and Great Expectations take seconds to start, more on a busy machine.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def made(project: Path, **options: Any) -> Build:
    (outcome,) = build.build_lines(["audio"], project=project, **options)
    if outcome.error:
        raise outcome.error
    assert outcome.build is not None
    return outcome.build


def revenue(build: Build, scope: list[str] | None) -> Decimal | None:
    """What a reader sees: the secured view, through files opened as the portal opens them."""
    with duckdb.connect() as con:
        con.execute(f"attach '{build.database}' as audio (read_only)")
        con.execute(f"attach '{build.core_database}' as core (read_only)")
        con.execute("set enable_external_access = false")
        con.execute("set lock_configuration = true")
        if scope is not None:
            con.execute(f"set variable scope_structures = {scope!r}")
        (total,) = con.execute("select sum(price_eur) from audio.secured.audio_fittings").fetchall()[0]
    return total


def test_a_build_holds_facts_the_core_and_what_it_was_made_from(project: Path, mirror: Any) -> None:
    mirror(1, range(10))
    mirror(2, range(3), version=1, price_eur=Decimal("1000.00"))
    nodes: list[tuple[str, int, int]] = []
    result = made(project, report=lambda line, node, done, total: nodes.append((line, done, total)))

    assert revenue(result, ["S01", "S02"]) == 7 * Decimal("950.10") + 3 * Decimal("1000.00")
    assert revenue(result, ["S01"]) == 4 * Decimal("950.10") + Decimal("1000.00")
    assert revenue(result, None) is None
    assert result.status == "built"
    assert result.inputs == {"audio_fittings": 2}
    assert result.as_of == datetime(2024, 6, 1, 8, 30, tzinfo=UTC)
    assert result.newest_event_on == date(2024, 5, 2)
    assert result.semantic_manifest.exists()
    assert result.manifest.exists()
    assert builds.build("audio", result.id) == result
    assert ("audio", 7, 7) in nodes, nodes

    again = build.build_lines(["audio"], project=project)[0]
    assert again.reused
    assert again.build == result
    mirror(3, range(1), version=2, price_eur=Decimal("1.00"))
    newer = made(project)
    assert newer.id != result.id
    assert newer.core_id == result.core_id
    assert revenue(result, ["S02"]) == 3 * Decimal("950.10") + 2 * Decimal("1000.00"), "an old build never changes"
    assert revenue(newer, ["S02"]) == 3 * Decimal("950.10") + Decimal("1000.00") + Decimal("1.00")
    assert [b.id for b in builds.builds("audio")] == [newer.id, result.id]

    for damaged in (newer.database, newer.core_database):  # the core's file is the line's too: a hard link
        with damaged.open("r+b") as file:
            file.write(bytes(2**16))
        healed = build.build_lines(["audio"], project=project)[0]
        assert healed.build is not None
        assert (healed.reused, healed.build.fingerprint) == (False, newer.fingerprint)
        assert revenue(healed.build, ["S02"]) == 3 * Decimal("950.10") + Decimal("1000.00") + Decimal("1.00")
        assert build.build_lines(["audio"], project=project)[0].reused
        newer = healed.build


#: File, text, what it becomes, what the error must name.
BROKEN = [
    (
        "staging/audio/stg_audio__fittings.yml",
        "{_key: d, ear: left}",
        "{_key: d, ear: right}",
        "the_last_state_of_a_key",
    ),
    ("marts/audio/fct_audio_fittings.yml", "data_type: date}", "data_type: varchar}", "fct_audio_fittings: .*contract"),
    ("marts/audio/audio_fittings.sql", "secured('", "secured('no_", "no_fct_audio_fittings"),
    ("core/dim_structure.sql", "('S02', 'South')", "('S03', 'East')", "relationships_fct_audio_fittings_structure_id"),
    ("core/dim_structure.sql", "('S02', 'South')", "('S01', 'East')", "unique_dim_structure_structure_id"),
]


def test_a_build_that_fails_names_what_failed_and_leaves_what_is_published(project: Path, mirror: Any) -> None:
    mirror(1)
    good = made(project)
    builds.point("audio", good.id)
    for name, old, new, named in BROKEN:
        path = project / "models" / name
        whole = path.read_text()
        path.write_text(whole.replace(old, new))
        with pytest.raises(BuildError, match=named) as caught:
            made(project)
        assert re.search(named, " ".join(caught.value.nodes))
        path.write_text(whole)
        assert builds.published("audio") == good
        assert builds.newest("audio", "built", "passed") == good
    assert revenue(good, ["S01"]) == 5 * Decimal("950.10")
    failed = [b for b in builds.builds("audio") if b.status == "failed"]
    assert all(b.failures and (b.folder / "dbt.log").exists() for b in failed)
    mirror(2, version=1, price_eur=Decimal("-1.00"))
    with pytest.raises(BuildError, match="audio_fittings_keeps_contract"):
        made(project)


def test_a_contract_that_dbt_was_not_told_about_stops_the_build(project: Path, mirror: Any) -> None:
    file = project / "models" / "staging" / "audio" / "_audio__sources.yml"
    file.write_text(file.read_text() + "# by hand\n")
    with pytest.raises(BuildError, match="lake contracts sources"):
        made(project)


def test_a_second_build_of_a_line_is_told_who_holds_it(
    project: Path, mirror: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "_LINE_WAIT_SECONDS", 0.2)
    mirror(1)
    with builds.alone("build:audio"), pytest.raises(LeaseHeld, match=f"process {os.getpid()} since"):
        made(project)
