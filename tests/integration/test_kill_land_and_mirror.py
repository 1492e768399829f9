"""SIGKILL at random moments of landing and mirroring: readers never see a part, and running again finishes the work."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from lake import mirror as mirrors
from lake.contracts import Contract
from lake.mirror_proof import differences
from lake.store import Store

pytestmark = pytest.mark.slow

KILLS = 12
#: Longest time from the child's start to its death; whole runs take about as long on a slow machine. The first is
#: killed long before its end on any.
SECONDS, FIRST_SECONDS = 1.0, 0.05

LAND = """
import sys
from pathlib import Path
from lake import contracts, land
zoo = contracts.load(Path(sys.argv[1]))
land.CHUNK_ROWS, land.BATCH_ROWS = 700, 4000
print("ready", flush=True)
land.land([sys.argv[2]], source=zoo.name, contracts={zoo.name: zoo})
"""

MIRROR = """
import sys
from pathlib import Path
from lake import contracts, mirror
from lake.store import open_store
zoo = contracts.load(Path(sys.argv[1]))
mirror.FILES_KEPT = 2
with open_store() as store:
    print("ready", flush=True)
    mirror.mirror(store, zoo)
    mirror.mirror(store, zoo, full=True)
"""


def run(script: str, *arguments: object, until: float | None = None, watch: Callable[[], None] = lambda: None) -> bool:
    """Run a child; kill it after `until` seconds of work, watching meanwhile. Whether it came to its end by itself."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None and child.stdout.readline() == "ready\n", child.communicate()[1]
        begun = time.monotonic()
        while child.poll() is None and (until is None or time.monotonic() - begun < until):
            watch()
        is_killed = child.poll() is None
        child.kill()
        errors = child.communicate()[1]
        assert is_killed or child.returncode == 0, errors
    return not is_killed


@pytest.fixture
def delivered(tmp_path: Path) -> dict[str, tuple[int, int]]:
    """Twelve files of 2,000 rows, every 500th broken, every tenth of one file corrected in the next: (read, broken)."""
    folder = tmp_path / "in"
    folder.mkdir()
    files = {}
    for nth in range(12):
        lines = ["visit_id;structure_id;animal;price_eur;weight_kg;legs;is_tame;visited_on;changed_at"]
        for i in range(2000):
            key = (nth - 1) * 2000 + i if i % 10 == 0 and nth else nth * 2000 + i
            price = "x" if i % 500 == 499 else f"{key % 97},{nth:02d}"
            lines.append(f"v{key};S01;chat;{price};1,5;4;Oui;01/02/2024;{nth + 1:02d}/03/2024 10:00:00")
        (folder / f"visits_{nth:02d}.csv").write_text("\n".join(lines), "utf-8")
        files[f"visits_{nth:02d}.csv"] = (2000, 4)
    return files


def assert_whole(store: Store, contract: Contract, delivered: dict[str, tuple[int, int]]) -> None:
    """What readers see is whole files in whole batches."""
    source = contract.name
    committed = None
    while committed != (now := store.committed_batches(source)):  # What a killed process sent last may yet arrive.
        committed = now
        files = store.files(source)
        held = store.batch_totals(contract, max((b.number for b in committed), default=0))
        quarantined = store.quarantine.list(source)
    assert len({f.name for f in files}) == len(files)
    assert {(f.read, f.quarantined) for f in files} <= {delivered[f.name] for f in files}
    assert {b.number: (b.records, b.hash_sum) for b in committed} == {
        number: (totals.records, totals.hash_sum) for number, totals in held.items()
    }
    assert len(quarantined) == 4 * len(files)


def test_killing_landing_at_any_moment_leaves_whole_batches_and_loses_nothing(
    store: Store, zoo: Any, delivered: dict[str, tuple[int, int]], tmp_path: Path
) -> None:
    chance = random.Random(2)
    source, contract = zoo.contract.name, zoo.contract.path
    moments = [FIRST_SECONDS, *(chance.uniform(0, SECONDS) for _ in range(KILLS - 1))]
    kills = 0
    while kills < KILLS and not run(LAND, contract, tmp_path / "in", until=moments[kills]):
        kills += 1
        assert_whole(store, zoo.contract, delivered)
    assert kills, "nothing was killed"
    run(LAND, contract, tmp_path / "in")
    assert_whole(store, zoo.contract, delivered)
    assert {f.name for f in store.files(source)} == set(delivered)
    # Exactly the expected records: none twice, none left over, the sums to the cent.
    rows: dict[tuple[str, int], Decimal] = {}
    for nth in range(12):
        for i in range(2000):
            key = (nth - 1) * 2000 + i if i % 10 == 0 and nth else nth * 2000 + i
            if i % 500 != 499:
                rows[f"v{key}", nth] = Decimal(f"{key % 97}.{nth:02d}")
    totals = store.control_totals(zoo.contract)
    assert (totals.records, totals.record_sums["price_eur"]) == (len(rows), sum(rows.values()))
    state = {key: rows[key, nth] for key, nth in sorted(rows, key=lambda r: r[1])}
    assert (totals.live, totals.live_sums["price_eur"]) == (len(state), sum(state.values()))
    assert store._db[source].count_documents({}) == len(rows)
    assert store._db["_leases"].count_documents({}) == 0


def linked(source: str, folder: Path) -> Iterator[Path]:
    """The mirror's files as a build takes them: hard links to one consistent list."""
    while True:
        for old in folder.iterdir():
            old.unlink()
        try:
            for path in mirrors.files(source):
                (folder / path.name).hardlink_to(path)
        except FileNotFoundError:
            continue
        yield from sorted(folder.iterdir())
        return


def test_killing_the_mirror_at_any_moment_shows_only_whole_batches_once(store: Store, zoo: Any, tmp_path: Path) -> None:
    chance = random.Random(3)
    source = zoo.contract.name
    links = tmp_path / "links"
    links.mkdir()
    committed: dict[int, int] = {}
    seen = 0

    def watch() -> None:
        """A reader beside the writer."""
        nonlocal seen
        tables = [pq.read_table(path, columns=["_batch"]) for path in linked(source, links)]
        if not tables:
            return  # Before the first run ever.
        counted = pc.value_counts(pa.concat_tables(tables)["_batch"].combine_chunks()).to_pylist()
        found = {c["values"]: c["counts"] for c in counted}
        last = max(found, default=0)
        assert last >= seen, "the mirror went back"
        seen = last
        assert found == {number: records for number, records in committed.items() if number <= last}

    for nth in range(KILLS):
        rows = [{"visit_id": f"v{nth}-{i}", "animal": "chat" * 9, "price_eur": Decimal(i)} for i in range(3000)]
        zoo.land(store, rows)
        committed = {b.number: b.records for b in store.committed_batches(source)}
        run(MIRROR, zoo.contract.path, until=chance.uniform(0, SECONDS), watch=watch)
        watch()
    run(MIRROR, zoo.contract.path, watch=watch)
    watch()
    assert seen == max(committed)
    assert differences(store, zoo.contract) == []
    assert len(list((mirrors._folder(source)).iterdir())) == len(mirrors.files(source))
