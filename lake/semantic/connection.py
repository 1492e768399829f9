"""Open marts. An in-memory DuckDB holds the files of the builds that are asked, read-only; each question has a cursor.

What a cursor sees is decided by its variable `scope_structures`, which the secured views read; without it they are
empty. The connection can't touch any other file, and its settings are locked.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import duckdb

from lake.access import ALL
from lake.builds import Build
from lake.semantic.definitions import Model
from lake.semantic.manifest import CORE, BuildGoneError
from lake.settings import settings

#: Seconds after which a mart that nobody asks is closed.
IDLE_SECONDS = 300.0

#: Marts kept open at most, the busy ones apart.
KEPT = 16


class Mart:
    """The files of some builds, attached in one DuckDB: each line under its name, the shared dimensions as `core`."""

    def __init__(self, builds: Sequence[Build]) -> None:
        config: dict[str, str | bool | int | float | list[str]] = {
            "threads": settings().threads,
            "memory_limit": f"{settings().memory_gb / 2}GB",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        self._types: dict[str, Mapping[str, str]] = {}
        self._structures: tuple[str, ...] | None = None
        self._root = duckdb.connect(":memory:", config=config)
        core = max(builds, key=lambda b: b.core_id or "").core_database
        for name, path in [(CORE, core), *((b.line, b.database) for b in builds)]:
            quoted = str(path).replace("'", "''")
            try:
                self._root.execute(f"ATTACH '{quoted}' AS \"{name}\" (READ_ONLY)")
            except duckdb.IOException as error:
                self._root.close()
                raise BuildGoneError(f"{path} can't be opened.", remedy="Build the line again.") from error
        self._root.execute("SET enable_external_access = false")
        self._root.execute("SET lock_configuration = true")

    @contextmanager
    def cursor(self, structures: Sequence[str]) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor that sees the rows of these structures (ids, `*` resolved) and no others."""
        cursor = self._root.cursor()
        try:
            cursor.execute("SET VARIABLE scope_structures = CAST(? AS VARCHAR[])", [list(structures)])
            yield cursor
        finally:
            cursor.close()

    def resolve(self, structures: Sequence[str]) -> tuple[str, ...]:
        """The ids that a scope's structures stand for: itself, or for `*` every id that is in these marts.

        That includes structures that the group never declared, such as a FEC of an unknown SIREN.
        """
        if tuple(structures) != (ALL,):
            return tuple(structures)
        if self._structures is None:
            self._structures = self._all_structures()
        return self._structures

    def types(self, model: Model) -> Mapping[str, str]:
        """DuckDB's type of each dimension and entity of a semantic model."""
        if model.name not in self._types:
            columns = ", ".join(f'{expression} AS "{name}"' for name, expression in model.expressions.items())
            cursor = self._root.cursor()
            try:
                described = cursor.execute(f"DESCRIBE SELECT {columns} FROM {model.relation.sql}").fetchall()
            finally:
                cursor.close()
            self._types[model.name] = {str(row[0]): str(row[1]) for row in described}
        return self._types[model.name]

    def close(self) -> None:
        self._root.close()

    def _all_structures(self) -> tuple[str, ...]:
        cursor = self._root.cursor()
        try:
            tables = cursor.execute(
                "SELECT database_name, schema_name, table_name FROM duckdb_columns() "
                "SEMI JOIN duckdb_tables() USING (database_name, schema_name, table_name) "
                "WHERE column_name = 'structure_id'"
            ).fetchall()
            found: set[str] = set()
            for database, schema, table in tables:
                rows = cursor.execute(f'SELECT DISTINCT structure_id FROM "{database}"."{schema}"."{table}"').fetchall()
                found |= {str(row[0]) for row in rows if row[0] is not None}
            return tuple(sorted(found))
        finally:
            cursor.close()


@dataclass
class _Open:
    mart: Mart
    users: int = 0
    used_at: float = field(default_factory=time.monotonic)


class Marts:
    """The marts that are open, one for each set of builds, shared by threads. A replaced build is closed when idle."""

    def __init__(self, idle_seconds: float = IDLE_SECONDS, kept: int = KEPT) -> None:
        self._idle_seconds = idle_seconds
        self._kept = kept
        self._open: dict[tuple[str, ...], _Open] = {}
        self._lock = threading.Lock()

    @contextmanager
    def using(self, builds: Sequence[Build]) -> Iterator[Mart]:
        """The mart of these builds, open for as long as it is used."""
        key = tuple(sorted(str(b.folder) for b in builds))
        with self._lock:
            if key not in self._open:
                self._open[key] = _Open(Mart(builds))
            entry = self._open[key]
            entry.users += 1
        try:
            yield entry.mart
        finally:
            with self._lock:
                entry.users -= 1
                entry.used_at = time.monotonic()
            self._close_idle()

    def close(self) -> None:
        """Close all of them, also those in use."""
        with self._lock:
            for entry in self._open.values():
                with suppress(duckdb.Error):
                    entry.mart.close()
            self._open.clear()

    def __len__(self) -> int:
        return len(self._open)

    def _close_idle(self) -> None:
        now = time.monotonic()
        with self._lock:
            unused = sorted((e.used_at, key) for key, e in self._open.items() if e.users == 0)
            surplus = len(self._open) - self._kept
            for rank, (used_at, key) in enumerate(unused):
                if rank < surplus or now - used_at > self._idle_seconds:
                    self._open.pop(key).mart.close()
