"""A tiny project: one source, one fact, two shared dimensions; macros, profiles and dbt_project.yml are the real."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import lake.mirror
from lake import contracts, sources
from lake.mirror import LANDED_AT
from lake.settings import PROJECT, settings
from lake.store import Store

HERE = Path(__file__).parent
LANDED = datetime(2024, 6, 1, 8, 30, tzinfo=UTC)

Mirror = Callable[..., Path]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny project's folder; contracts are its own."""
    folder = tmp_path / "project"
    shutil.copytree(HERE / "project", folder)
    for name in ("dbt_project.yml", "profiles.yml", "lake/macros"):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (PROJECT / name).is_dir() else shutil.copyfile)(PROJECT / name, target)
    (folder / "tests" / "data").mkdir(parents=True)
    known = contracts.catalogue(folder / "contracts")
    monkeypatch.setattr(sources, "catalogue", lambda: known)
    sources.write(folder)
    return folder


@pytest.fixture
def mirror(project: Path) -> Mirror:
    """Writes one mirror file of fittings: `mirror(batch, keys=…, **changes)`."""
    contract = contracts.load(project / "contracts" / "audio" / "fittings.yaml")

    def write(batch: int, keys: range = range(10), version: int = 0, **changes: Any) -> Path:
        rows = [_row(key, batch, version) | changes for key in keys]
        schema = contract.mirror_schema.with_metadata({LANDED_AT: LANDED.isoformat().encode()})
        path = settings().mirror / contract.name / f"{batch}-{batch}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # A build may hold the same file under another name.
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
        return path

    return write


@pytest.fixture
def land(project: Path, store: Store, fill: Callable[..., None]) -> Callable[..., None]:
    """Lands and mirrors fittings, as `fill` does and then `lake mirror`."""
    contract = contracts.load(project / "contracts" / "audio" / "fittings.yaml")

    def write(keys: range = range(10), **changes: Any) -> None:
        fill(keys, **changes)
        lake.mirror.mirror(store, contract)

    return write


@pytest.fixture
def fill(project: Path, store: Store) -> Callable[..., None]:
    """Lands fittings: `fill(keys=…, **changes)`; a later call gives the keys a newer version."""
    contract = contracts.load(project / "contracts" / "audio" / "fittings.yaml")

    def write(keys: range = range(10), **changes: Any) -> None:
        with store.lease(f"land:{contract.name}"):
            batch = store.begin(contract)
            file = batch.add_file("fittings.csv", str(batch.number), 1)
            later = {"changed_at": LANDED + timedelta(days=batch.number)}
            rows = [{**_row(key, batch.number, 0), **later, **changes, "_file": file} for key in keys]
            own = pa.schema([("_file", pa.int64()), ("_line", pa.int64()), ("_deleted", pa.bool_())])
            batch.write(pa.Table.from_pylist(rows, schema=pa.schema([*own, *contract.arrow_schema])))
            batch.commit()

    return write


def _row(key: int, batch: int, version: int) -> dict[str, Any]:
    own_of_lake = {"_key": key.to_bytes(16, "big"), "_version": version, "_batch": batch, "_file": 1, "_line": key + 1}
    own_of_lake |= {"_order": batch, "_hash": key, "_deleted": False}
    own = {"fitting_id": f"AP{key}", "structure_id": "S01" if key % 2 else "S02", "ear": "left"}
    own |= {"price_eur": Decimal("950.10"), "fitted_on": date(2024, 5, 2), "changed_at": LANDED}
    return own_of_lake | own
