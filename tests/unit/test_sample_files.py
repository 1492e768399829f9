"""The sample's files: the fate of rows, the same bytes for the same seed, dialects that read back."""

from __future__ import annotations

import gc
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import weakref
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.contracts import contract
from lake.errors import ContractError, LakeError
from lake.land.deliveries import deliveries
from lake.readers import read
from lake.readers.stream import Plain
from lake.sample import LINES, dirt, generate
from lake.sample.dirt import DELETED, FULL, RETURNED, Can, Plan, plan
from lake.sample.render import Break, Renderer, dialect
from lake.sample.sink import Sink, _file_name
from lake.sample.world import World

UNTIL = date(2025, 12, 31)
FIRST_DAY, LAST_DAY = 17_897, 20_453  # 2019-01-01 and 2025-12-31
HEAVY = replace(
    FULL, repeated=0.1, corrected=0.2, returned=0.1, deleted=0.1, broken=0.1,
    resent_renamed=1, resent_same=1, late=1, cut=1, wrong_encoding=1,
)  # fmt: skip


def tree(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def landed_by_hand(made: Plan, can: Can, n: int) -> tuple[int, int, int, dict[int, int]]:
    """Landing as the architecture says it, one row after another, with dictionaries."""
    landed = unchanged = quarantined = 0
    last: dict[tuple[int, int], int] = {}
    current: dict[int, tuple[int, int, int]] = {}
    arrival = 0
    for parcel in made.parcels:
        rows = parcel.rows.tolist()
        if parcel.cut_after is not None:
            rows = rows[: parcel.cut_after + 1]
        for position, row in enumerate(rows):
            arrival += 1
            is_torn = parcel.cut_after is not None and position == parcel.cut_after
            if made.broken[row] or parcel.is_utf16 or is_torn:
                quarantined += 1
                continue
            key, state = int(made.row[row]), int(made.state[row])
            content = 0 if state == RETURNED and not can.delete else state
            order = 0 if can.order_by_landing else int(made.when[row])
            if last.get((key, order)) == content:
                unchanged += 1
                continue
            last[key, order] = content
            landed += 1
            if key not in current or (order, arrival) > current[key][:2]:
                current[key] = (order, arrival, state)
    return landed, unchanged, quarantined, {k: s for k, (_, _, s) in current.items() if s != DELETED}


@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 120),
    by_landing=st.booleans(),
    deletes=st.booleans(),
    loses=st.booleans(),
)
def test_the_expected_counts_are_those_of_a_plain_dictionary(
    seed: int, n: int, by_landing: bool, deletes: bool, loses: bool
) -> None:
    rng = np.random.default_rng(seed)
    can = Can(
        order_by_landing=by_landing, correct=True, delete=deletes, breaks=5, rename=True, cut=True, wrong_encoding=True
    )
    days = np.sort(rng.integers(FIRST_DAY, LAST_DAY + 1, n))
    made = plan(rng, days, lambda d: np.minimum(d, LAST_DAY) // 30, LAST_DAY, 2, can, replace(HEAVY, loses_rows=loses))
    landed, unchanged, quarantined, current = landed_by_hand(made, can, n)
    assert (made.landed, made.unchanged, made.quarantined) == (landed, unchanged, quarantined)
    assert made.read == landed + unchanged + quarantined
    final = {key: int(state) for key, state in enumerate(made.final) if state >= 0}
    same = {key: 0 if s == RETURNED and by_landing and not deletes else s for key, s in current.items()}
    assert {k: 0 if s == RETURNED and by_landing and not deletes else s for k, s in final.items()} == same


def test_gentle_dirt_loses_and_deletes_nothing() -> None:
    rng = np.random.default_rng(1)
    can = Can(False, True, True, 5, True, True, True)
    days = np.sort(rng.integers(FIRST_DAY, LAST_DAY, 5_000))
    made = plan(rng, days, lambda d: d // 30, LAST_DAY, 2, can, dirt.GENTLE)
    assert (made.final >= 0).all()
    assert made.dirt["deleted"] == 0
    assert made.dirt["broken"] > 0
    assert made.dirt["corrected"] > 0


def test_the_same_seed_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    generate(tmp_path / "here", 6_000, 3, until=UNTIL, lines=("group", "geo", "audio"))
    script = (
        "from datetime import date; from pathlib import Path; from lake.sample import generate; "
        f"generate(Path({str(tmp_path / 'there')!r}), 6_000, 3, until=date(2025, 12, 31), "
        "lines=('group', 'geo', 'audio'))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "77", "TZ": "Pacific/Auckland"}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)
    assert tree(tmp_path / "here") == tree(tmp_path / "there")


def test_lines_written_side_by_side_are_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = generate(tmp_path / "alone", 4_000, 1, until=UNTIL, lines=("geo", "audio"))
    monkeypatch.setattr("lake.sample._SIDE_BY_SIDE", 0)
    both = generate(tmp_path / "both", 4_000, 1, until=UNTIL, lines=("geo", "audio"))
    assert alone == both
    assert tree(tmp_path / "alone") == tree(tmp_path / "both")


def test_another_seed_gives_other_files(tmp_path: Path) -> None:
    generate(tmp_path / "one", 4_000, 1, until=UNTIL, lines=("group",))
    generate(tmp_path / "two", 4_000, 2, until=UNTIL, lines=("group",))
    assert tree(tmp_path / "one") != tree(tmp_path / "two")


def test_a_line_is_the_same_whichever_others_are_written(tmp_path: Path) -> None:
    generate(tmp_path / "alone", 4_000, 1, until=UNTIL, lines=("geo",))
    generate(tmp_path / "both", 4_000, 1, until=UNTIL, lines=("group", "geo"))
    assert tree(tmp_path / "alone" / "geo") == tree(tmp_path / "both" / "geo")


def test_truth_adds_up_and_names_every_kind_of_dirt(tmp_path: Path) -> None:
    truth = generate(tmp_path / "out", 20_000, 1, until=UNTIL, lines=("group", "audio"))
    assert truth == json.loads((tmp_path / "out" / "truth.json").read_text("utf-8"))
    for name, counts in truth["sources"].items():
        assert counts["read"] == counts["landed"] + counts["unchanged"] + counts["quarantined"], name
    for column in ("read", "landed", "unchanged", "quarantined", "live"):
        assert truth["total"][column] == sum(s[column] for s in truth["sources"].values())
    kinds = {kind for s in truth["sources"].values() for kind, number in s["dirt"].items() if number}
    assert kinds >= {
        "repeated",
        "corrected",
        "returned",
        "deleted",
        "broken",
        "late_files",
        "cut_files",
        "resent_files",
    }
    on_disk = [p for p in (tmp_path / "out").rglob("*") if p.is_file() and p.name != "truth.json"]
    assert len(on_disk) == truth["total"]["files"] + truth["total"]["skipped_files"]


def test_the_recent_months_come_by_month_and_those_before_by_year(tmp_path: Path) -> None:
    generate(tmp_path, 3_000, 1, until=UNTIL, lines=("audio",))
    its, months = contract("audio_trials"), set()
    for delivery in deliveries([str(tmp_path)]):
        name = re.fullmatch(r"S\d\d_audio_essais_(\d{4})-(\d\d)\.csv(\.gz)?", delivery.name)
        if name is None:  # another source, or a file that came late or again
            continue
        with closing(delivery.open()) as stream:
            cells = [row["changed_at"] for chunk in read(stream, its) for row in chunk.table.to_pylist()]
        told = {cell[6:10] + cell[3:5] for cell in cells if cell}
        if (name[1], name[2]) > ("2025", "06"):
            assert told <= {name[1] + name[2]}, delivery.name
        else:
            assert min(told) <= max(told) <= name[1] + name[2], delivery.name
        months.add(name[1] + name[2])
    assert months >= {"202412", "202506"}
    assert len(months & {f"2025{month:02d}" for month in range(7, 13)}) >= 5  # one may have come late


def test_a_folder_that_holds_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(LakeError, match="not empty"):
        generate(tmp_path, 1_000, 1, until=UNTIL)


def test_no_clear_name_is_missing_where_the_contract_drops_it(tmp_path: Path) -> None:
    generate(tmp_path, 4_000, 1, until=UNTIL, lines=("group",))
    path = next(p for p in sorted((tmp_path / "group").glob("S01_adherents_*")) if p.suffix == ".csv")
    text = path.read_bytes().decode("cp1252", "replace")
    assert "exemple.invalid" in text
    assert "06 99" in text


def people(n: int = 3) -> pa.Table:
    return pa.table(
        {
            "person_id": [f"9{i:08d}" for i in range(n)],
            "structure_id": ["S01"] * n,
            "last_name": ['O"NEIL; LE GÉANT'] * n,
            "first_name": ["Zoé"] * n,
            "nir": ["2"] * n,
            "phone": pa.nulls(n, pa.string()),
            "email": ["a@b.invalid"] * n,
            "address": ["1 rue"] * n,
            "birth_on": [date(1950, 2, 28)] * n,
            "sex": ["M"] * n,
            "commune_code": ["42218"] * n,
            "scheme": ["agricultural"] * n,
            "enrolled_on": [date(2020, 2, 29)] * n,
            "changed_at": pa.array([datetime(2024, 7, 1, 8, 30, tzinfo=UTC)] * n, pa.timestamp("ms", "UTC")),
            "operation": ["C"] * n,
        }
    )


@pytest.mark.parametrize("seed", range(12))
def test_every_dialect_reads_back(seed: int) -> None:
    its = contract("group_people")
    style = dialect(np.random.default_rng(seed), its)
    data = Renderer(its, people(), style).file([2, 0], {})
    (chunk,) = read(Plain(io.BytesIO(data)), its)
    rows = chunk.table.to_pylist()
    assert [r["person_id"] for r in rows] == ["900000002", "900000000"]
    assert rows[0]["last_name"] == 'O"NEIL; LE GÉANT'
    assert rows[0]["scheme"] == "MSA"
    assert rows[0]["changed_at"] == "01/07/2024 10:30:00"


def test_a_broken_cell_stands_in_its_row_only() -> None:
    its = contract("group_people")
    style = dialect(np.random.default_rng(0), its)
    data = Renderer(its, people(), style).file([0, 1], {1: Break("birth_on", 0)})
    (chunk,) = read(Plain(io.BytesIO(data)), its)
    assert chunk.table.column("birth_on").to_pylist() == ["28/02/1950", "31/02/2021"]


def test_a_cut_file_ends_in_the_middle_of_its_last_row() -> None:
    its = contract("group_people")
    style = dialect(np.random.default_rng(0), its)
    data = Renderer(its, people(), style).file([0, 1, 2], {}, is_cut=True)
    (chunk,) = read(Plain(io.BytesIO(data)), its)
    assert (chunk.table.num_rows, len(chunk.broken)) == (2, 1)


def test_file_names_come_from_the_contract_s_pattern() -> None:
    pattern = r"^(?P<structure_id>S\d\d)_audio_(?P<month>\d{4}-\d{2})(_\w+)?\.csv$"
    assert _file_name(pattern, "S07", 54 * 12 + 2, "bis", {}) == "S07_audio_2024-03_bis.csv"
    with pytest.raises(ContractError, match="siren"):
        _file_name(r"^(?P<siren>\d{9})FEC\.txt$", "S07", 0, "", {})


def test_a_line_that_forgets_a_required_column_is_told(tmp_path: Path) -> None:
    sink = Sink(tmp_path, World(2_000, 1, UNTIL))
    with pytest.raises(ValueError, match="requires 'structure_name'"):
        sink.deliver("group_structures", "group", pa.table({"structure_id": ["S01"]}))
    with pytest.raises(ValueError, match="no fields \\['nom'\\]"):
        sink.deliver("group_structures", "other", pa.table({"nom": ["S01"]}))


def test_what_is_live_is_what_the_lake_ends_with(tmp_path: Path) -> None:
    world = World(2_000, 1, UNTIL)
    sink = Sink(tmp_path, world)
    table = people(400).drop_columns(["structure_id", "operation"])
    table = table.set_column(0, "person_id", pa.array([f"8{i:08d}" for i in range(400)]))
    live = sink.deliver("group_people", "S01", table, dirt=HEAVY)
    expected = sink.truth.sources["group_people"]
    assert live.num_rows == expected.live < 400
    assert set(live.column("operation").to_pylist()) == {"C", "M"}


def test_headline_figures_are_exact_decimals() -> None:
    from lake.sample.truth import Truth

    truth = Truth()
    for _ in range(10):
        truth.add("audio", "S01", 2024, "audio_revenue", Decimal("0.10"))
    assert truth.document()["headline"] == {"audio": {"S01": {"audio_revenue": {"2024": "1.00"}}}}


def test_the_truth_beside_the_files_is_not_landed(tmp_path: Path) -> None:
    generate(tmp_path, 2_000, 1, until=UNTIL, lines=("geo",))
    names = [d.name for d in deliveries([str(tmp_path)])]
    assert "truth.json" not in names
    assert any(name.startswith("communes_") for name in names)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_very_small_sample_has_every_line(tmp_path: Path, seed: int) -> None:
    truth = generate(tmp_path, 1_000, seed, until=UNTIL)
    assert {name.split("_")[0] for name in truth["sources"]} == set(LINES)
    assert set(truth["headline"]) >= {"audio", "dental", "optical", "childcare", "finance"}


def test_what_is_rendered_is_freed_at_once() -> None:
    """A cycle kept every structure's text until the collector ran: 1.2 GB instead of 0.7 at ten million records."""
    its = contract("group_people")
    renderer = Renderer(its, people(), dialect(np.random.default_rng(0), its))
    renderer.file([0], {})
    seen = weakref.ref(renderer)
    gc.disable()
    try:
        del renderer
        assert seen() is None
    finally:
        gc.enable()


@pytest.mark.slow
def test_memory_stays_far_below_a_gigabyte(tmp_path: Path) -> None:
    script = (
        "from datetime import date; from pathlib import Path; from lake.sample import generate; "
        f"generate(Path({str(tmp_path / 'out')!r}), 400_000, 1, until=date(2025, 12, 31)); "
        # Of this program alone: `ru_maxrss` would count what the test's own process was when it forked.
        "print(next(w for w in Path('/proc/self/status').read_text().splitlines() if 'VmHWM' in w).split()[1])"
    )
    environment = {**os.environ, "LAKE_THREADS": "1"}  # all lines in this one
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, env=environment)
    assert int(done.stdout) < 500_000
