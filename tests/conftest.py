"""Fixtures: every test has settings of its own; `store` is a real MongoDB, one database per test.

The server is one for all processes of a test run (pytest-xdist): they share its folder, and the last one out stops it.
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pyarrow as pa
import pytest

from lake.contracts import Contract, load
from lake.settings import settings
from lake.store import Store, Written, open_store
from lake.store.mongod import embedded

sys.path.insert(0, str(Path(__file__).parent))
from group import Group, published, use

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile("lake", deadline=None)
hypothesis.settings.load_profile("lake")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share what is made once for their module run in one process."""
    for item in items:
        fixtures = item._fixtureinfo.name2fixturedefs.values()  # type: ignore[attr-defined]
        is_shared = any(definitions[-1].scope == "module" for definitions in fixtures)
        if is_shared and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


@pytest.fixture(autouse=True)
def isolated_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test reads the developer's settings or data."""
    monkeypatch.setenv("LAKE_DATA", str(tmp_path / "lake"))
    for name in ("LAKE_MONGO_URI", "LAKE_MONGO_DATABASE", "LAKE_PSEUDONYM_KEY", "LAKE_QUARANTINE_KEY", "LAKE_POLICY"):
        monkeypatch.delenv(name, raising=False)
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture(autouse=True)
def own_main_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit's AppTest leaves its script in the place of the main module, and a spawned process would run it."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture(scope="session")
def mongod(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """The URI of the test run's own server."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    with embedded(shared / "mongo") as uri:
        yield uri


def _group(tmp_path_factory: pytest.TempPathFactory, worker_id: str, seed: int) -> Group:
    base = tmp_path_factory.getbasetemp()
    return published(base if worker_id == "master" else base.parent, seed)


@pytest.fixture(scope="session")
def group(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Group:
    """The sample group of seed 1, landed, built, checked and published."""
    return _group(tmp_path_factory, worker_id, 1)


@pytest.fixture(scope="session")
def other_group(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Group:
    """The sample group of another seed."""
    return _group(tmp_path_factory, worker_id, 2)


@pytest.fixture
def in_group(group: Group, monkeypatch: pytest.MonkeyPatch) -> Group:
    """This process reads the published group."""
    return use(group, monkeypatch)


@pytest.fixture
def mongo_settings(mongod: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Settings with a database of this test, for whatever opens the store itself. Returns the database's name."""
    name = f"test_{uuid.uuid4().hex[:16]}"
    monkeypatch.setenv("LAKE_MONGO_URI", mongod)
    monkeypatch.setenv("LAKE_MONGO_DATABASE", name)
    settings.cache_clear()
    return name


@pytest.fixture
def store(mongo_settings: str) -> Iterator[Store]:
    """An empty lake."""
    with open_store() as opened:
        yield opened
        opened.drop()


@dataclass(frozen=True)
class Zoo:
    """A small source with every type, and a short way to land rows of it."""

    contract: Contract

    def table(self, rows: Sequence[Mapping[str, Any]], file: int = 1) -> pa.Table:
        """Rows as `lake.land` hands them over; missing fields are null."""
        own = pa.schema([("_file", pa.int64()), ("_line", pa.int64()), ("_deleted", pa.bool_())])
        filled = [
            {"structure_id": "S01", "_deleted": False, "_file": file, "_line": line, **row}
            for line, row in enumerate(rows, 2)
        ]
        return pa.Table.from_pylist(filled, schema=pa.schema([*own, *self.contract.arrow_schema]))

    def land(self, store: Store, *files: Sequence[Mapping[str, Any]]) -> dict[int, Written]:
        """One batch with these files."""
        with store.lease(f"land:{self.contract.name}"):
            batch = store.begin(self.contract)
            counts = {}
            for nth, rows in enumerate(files):
                number = batch.add_file(f"{nth}.csv", f"{batch.number}-{nth}", 1)
                counts.update(batch.write(self.table(rows, number)))
            batch.commit()
        return counts

    def records(self, store: Store) -> list[dict[str, Any]]:
        """Every committed record, in order of key and version."""
        batches = store.committed_batches(self.contract.name)
        rows = [row for table in store.tables(self.contract.name, batches) for row in table.to_pylist()]
        return sorted(rows, key=lambda r: (r["_key"], r["_version"]))


@pytest.fixture(scope="session")
def zoo() -> Zoo:
    return Zoo(load(Path(__file__).parent / "contracts" / "zoo" / "visits.yaml"))
