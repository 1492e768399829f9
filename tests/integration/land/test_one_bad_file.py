"""Whatever is wrong with one file stops no other: it is refused, or its rows are set apart, by name."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shared import case

from lake.land import land
from lake.land.report import FileReport, Report
from lake.store import Store
from tests.lab import DEVICES, GOOD, row, text

Deliver = Callable[..., Report]

CSV = "S01_devices_2024.csv"


def by_name(report: Report) -> dict[str, FileReport]:
    for file in report.files:
        assert file.read == file.landed + file.unchanged + file.quarantined, file
    return {file.file.rsplit("/", 1)[-1]: file for file in report.files}


def test_half_a_character_sets_its_row_apart(store: Store) -> None:
    files = by_name(land([str(case("21-json-lone-surrogate"))]))
    sessions = files["S01_audio_seances_2025-01.jsonl"]
    assert sessions.quarantined > 0
    assert sessions.landed > 0
    assert "row: not a JSON object, or with text that is none" in sessions.reasons
    assert files["S01_audio_essais_2025-01.csv"].landed > 0


def test_a_wrong_directory_of_a_zip_refuses_that_file_by_name(store: Store) -> None:
    files = by_name(land([str(case("22-zip-end-record"))]))
    assert files["S01_dentaire_devis_2024-09.csv"].landed > 0
    told = [f for f in files.values() if f.status == "refused" and not f.file.endswith("EXPECTED.txt")]
    assert told
    assert all(f.file.rsplit("/", 1)[-1] in f.why or "is " in f.why for f in told)


def test_a_day_beyond_the_calendar_sets_its_row_apart(store: Store) -> None:
    files = by_name(land([str(case("23-parquet-year-10000"))]))
    sales = files["S01_optique_ventes_2025-01.parquet"]
    assert sales.quarantined == sum(n for reason, n in sales.reasons.items() if "not a date" in reason) > 0
    assert files["S01_optique_achats_2025-01.csv"].landed > 0


@pytest.mark.parametrize(("name", "file"), [
    ("24-xlsx-far-cell", "S01_budget_2025.xlsx"),
    ("25-parquet-dictionary-bomb", "S01_optique_ventes_2025-02.parquet"),
])  # fmt: skip
def test_a_small_file_cannot_fill_the_memory(name: str, file: str, tmp_path: Path) -> None:
    report, peak = landed_apart([case(name)], tmp_path)
    assert peak < 1 << 30
    (told,) = [f for f in report["files"] if f["file"].endswith(file)]
    assert told["status"] == "refused" or told["quarantined"] == told["read"] == 300
    if name.startswith("24"):
        assert "XFD1048576" in told["why"]
        assert sum(f["landed"] for f in report["files"]) > 0


def landed_apart(paths: list[Path], home: Path) -> tuple[dict[str, Any], int]:
    """What `lake land` tells in a process of its own, and the most memory it had, in bytes."""
    command = [str(Path(sys.executable).with_name("lake")), "land", "--json", *map(str, paths)]
    environment = {**os.environ, "LAKE_DATA": str(home / "lake")}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        told, errors = process.stdout.read(), process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert "Traceback" not in errors, errors
    return json.loads(told), usage.ru_maxrss << 10


def test_rows_with_keys_of_their_own_cannot_fill_the_memory(tmp_path: Path) -> None:
    """300,000 keys over 30,000 rows: a column for each would be nine billion values."""
    with (tmp_path / "S01_audio_seances_2025-01.jsonl").open("w") as out:
        for n in range(30_000):
            out.write(json.dumps({f"k{n}_{i}": "x" for i in range(10)} | {"numeroSeance": f"SE{n:09d}"}) + "\n")
    report, peak = landed_apart([tmp_path / "S01_audio_seances_2025-01.jsonl"], tmp_path)
    assert peak < 1 << 30
    assert report["files"][0]["status"] == "refused"


@pytest.mark.parametrize(
    ("column", "why"),
    [
        (
            pa.array([date(2024, 3, 12).toordinal() - 719163, 3_000_000, None], pa.int32()).cast(pa.date32()),
            "not a date",
        ),
        (pa.array([1710201600000, 2**62, None]).cast(pa.timestamp("us")), "not a date"),
        (pa.array([None, 10**9, None], pa.duration("s")), "not a date"),
        (pa.array([None, 3_600_000_000, None], pa.time64("us")), "not a date"),
        (pa.array([b"12/03/2024", b"12/\xe9\xff", None]).cast(pa.binary()), None),
    ],
)
def test_a_value_that_no_text_says_sets_its_row_apart(
    deliver: Deliver, tmp_path: Path, column: pa.Array, why: str | None
) -> None:
    values = {header: [value] * 3 for header, value in GOOD.items()} | {"N° appareil": ["D1", "D2", "D3"]}
    table = pa.table({**values, "Livré le": column})
    if why is None:
        table = table.set_column(table.column_names.index("Livré le"), "Livré le", column.view(pa.string()))
    pq.write_table(table, tmp_path / "t.parquet")
    reading = DEVICES.reading.model_copy(update={"format": "parquet", "files": (r"^(?P<structure_id>S\d\d)_devices",)})
    contract = replace(DEVICES, reading=reading)
    (file,) = by_name(deliver({"S01_devices_2024.parquet": (tmp_path / "t.parquet").read_bytes()}, contract)).values()
    assert file.read == 3
    assert any("fitted_on" in reason or "Livré le" in reason for reason in file.reasons)


def test_what_goes_wrong_in_the_middle_ends_the_file_there(
    deliver: Deliver, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault that nobody foresaw, after the first block: what came before lands, the file says where it ends."""
    import lake.readers.csv as reader

    whole = reader.read

    def failing(*given: Any) -> Any:
        for count, chunk in enumerate(whole(*given)):
            if count:
                raise OverflowError("a value from elsewhere")
            yield chunk

    monkeypatch.setattr("lake.readers.text._BLOCK", 1 << 12)
    monkeypatch.setattr(reader, "read", failing)
    monkeypatch.setattr(reader.blocks, "__kwdefaults__", {"size": 1 << 12})
    files = by_name(deliver({CSV: text(*(row(n) for n in range(1000, 1100))).encode(), "S02_devices_2024.csv": b"x"}))
    assert 0 < files[CSV].landed < 100
    assert "unreadable from there" in files[CSV].why
    assert "elsewhere" not in files[CSV].why


def test_values_that_cannot_be_checked_set_their_file_apart_and_no_other(
    deliver: Deliver, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    import lake.land.pieces as pieces

    checked = pieces.check

    def failing(rows: pa.Table, *given: Any) -> Any:
        if "D666" in rows.column("device_id").to_pylist():
            raise ArithmeticError("666")
        return checked(rows, *given)

    monkeypatch.setattr(pieces, "check", failing)
    files = by_name(deliver({CSV: text(row(666), row(667)).encode(), "S02_devices_2024.csv": text(row(668)).encode()}))
    assert files[CSV].reasons == {"row: could not be checked (ArithmeticError)": 2}
    assert files["S02_devices_2024.csv"].landed == 1


def sheet() -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        page = book.add_worksheet()
        for at, values in enumerate([list(GOOD), *([*GOOD.values()] for _ in range(3))]):
            page.write_row(at, 0, values)
    return out.getvalue()


def parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({header: [value] * 3 for header, value in GOOD.items()}), out)
    return out.getvalue()


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("S01_devices_2023.csv", text(row(1004), row(1005)).encode())
    return out.getvalue()


OBJECTS = [{**GOOD, "N° appareil": f"D{1000 + n}"} for n in range(3)]
GEO = {
    "type": "FeatureCollection",
    "features": [{"type": "Feature", "properties": o, "geometry": None} for o in OBJECTS],
}
FILES = {
    "csv": text(row(1001), row(1002), row(1003, comment='"a;b"')).encode(),
    "jsonl": "".join(json.dumps(o) + "\n" for o in OBJECTS).encode(),
    "json": json.dumps(OBJECTS).encode(),
    "geojson": json.dumps(GEO).encode(),
    "xlsx": sheet(),
    "parquet": parquet(),
    "zip": zipped(),
}
HARM = st.tuples(
    st.floats(0, 1), st.integers(0, 30), st.binary(max_size=8) | st.sampled_from([b'"', b"\n", b"\\ud800"])
)


@pytest.mark.parametrize("kind", FILES)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(harms=st.lists(HARM, min_size=1, max_size=4))
def test_a_mangled_file_is_accounted_for_and_the_sound_one_lands(
    deliver: Deliver, kind: str, harms: list[tuple[float, int, bytes]]
) -> None:
    data = FILES[kind]
    for place, cut, put in harms:
        at = int(place * len(data))
        data = data[:at] + put + data[at + cut :]
    format_ = "csv" if kind == "zip" else kind
    patterns = (rf"^(?P<structure_id>S\d\d)_devices_\d{{4}}\.{format_}$",)
    contract = replace(DEVICES, reading=DEVICES.reading.model_copy(update={"format": format_, "files": patterns}))
    sound = {"csv": "csv", "zip": "csv"}.get(kind, kind)
    report = deliver({f"S01_devices_2024.{kind}": data, f"S02_devices_2024.{sound}": FILES[sound]}, contract)
    whole = by_name(report)[f"S02_devices_2024.{sound}"]
    assert whole.landed + whole.unchanged == whole.read == 3 or whole.status == "known"
