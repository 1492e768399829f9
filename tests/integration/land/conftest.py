"""A landing into the test's own lake, of the small source of `tests/lab.py`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lake.contracts import Contract
from lake.land import land
from lake.land.report import Report
from lake.store import Store
from tests.lab import DEVICES

Land = Callable[..., Report]


@pytest.fixture
def deliver(store: Store, tmp_path: Path) -> Land:
    """Write files and land them: `deliver({"S01_devices_2024.csv": b"…"})`."""

    def run(files: dict[str, bytes], contract: Contract = DEVICES, **options: Any) -> Report:
        folder = tmp_path / "files"
        folder.mkdir(exist_ok=True)
        for name, data in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        return land([str(folder / name) for name in files], contracts={contract.name: contract}, **options)

    return run


@pytest.fixture
def states(store: Store) -> Callable[[], dict[str, dict[str, Any]]]:
    """The lake's state: the last version of each device that is not deleted, by its id."""

    def read() -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        batches = store.committed_batches(DEVICES.name)
        rows = [r for table in store.tables(DEVICES.name, batches) for r in table.to_pylist()]
        for row in sorted(rows, key=lambda r: (r["_order"], r["_version"])):
            found[row["device_id"]] = row
        return {key: row for key, row in found.items() if not row["_deleted"]}

    return read
