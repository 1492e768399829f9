"""Open marts. An in-memory DuckDB holds the files of the builds that are asked, read-only; each question has a cursor
of its own while it is answered.

What a cursor sees is decided by its variable `scope_structures`, which the secured views read; without it they are
empty. The connection can't touch any other file, and its settings are locked.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa

from lake import builds
from lake.access import ALL
from lake.builds import Build
from lake.semantic.cache import Cache
from lake.semantic.definitions import Model
from lake.semantic.filters import Value
from lake.semantic.manifest import CORE, BuildGoneError
from lake.settings import settings

#: Seconds after which a mart that nobody asks is closed.
IDLE_SECONDS = 300.0

#: Marts kept open at most, the busy ones apart.
KEPT = 16

#: Cursors that a mart keeps at most while nobody uses them, over all scopes.
KEPT_CURSORS = 64

#: Statements as DuckDB has parsed them. They hold no value and no scope: any cursor runs them.
_statements: Cache[duckdb.Statement] = Cache(capacity=1024)


class Mart:
    """The files of some builds, attached in one DuckDB: each line under its name, the shared dimensions as `core`."""

    def __init__(self, chosen: Sequence[Build]) -> None:
        config: dict[str, str | bool | int | float | list[str]] = {
            "threads": settings().threads,
            "memory_limit": f"{settings().memory_gb / 2}GB",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        self._types: dict[str, Mapping[str, str]] = {}
        self._idle: list[tuple[tuple[str, ...], duckdb.DuckDBPyConnection]] = []
        self._is_closed = False
        self._lock = threading.Lock()
        self._structures: tuple[str, ...] | None = None
        self._root = duckdb.connect(":memory:", config=config)
        core = max(chosen, key=lambda b: b.core_id or "").core_database
        for name, path in [(CORE, core), *((b.line, b.database) for b in chosen)]:
            quoted = str(path).replace("'", "''")
            try:
                self._root.execute(f"ATTACH '{quoted}' AS \"{name}\" (READ_ONLY)")
            except duckdb.Error as error:
                self._root.close()
                raise BuildGoneError(f"{path} can't be opened.", remedy="Build the line again.") from error
        self._root.execute("SET enable_external_access = false")
        self._root.execute("SET lock_configuration = true")

    @contextmanager
    def cursor(self, structures: Sequence[str]) -> Iterator[duckdb.DuckDBPyConnection]:
        """A new cursor that sees the rows of these structures (ids, `*` resolved) and no others."""
        cursor = self._scoped(tuple(structures))
        try:
            yield cursor
        finally:
            cursor.close()

    def table(self, sql: str, parameters: Mapping[str, Value], structures: Sequence[str]) -> pa.Table:
        """The rows that one SELECT gives of these structures and no others.

        Its cursor is kept for the next question with the very same structures. It never leaves this method: its scope
        is set once, and nothing but such statements runs on it. One whose statement failed is not kept.
        """
        scope = tuple(structures)
        cursor = self._take(scope) or self._scoped(scope)
        try:
            statement = _statements.fetch(sql, lambda: _parsed(cursor, sql))[0]
            table = cursor.sql(statement, params=dict(parameters) or None).to_arrow_table()
        except BaseException:
            cursor.close()
            raise
        self._keep(scope, cursor)
        return table

    def _take(self, scope: tuple[str, ...]) -> duckdb.DuckDBPyConnection | None:
        with self._lock:
            place = next((n for n, (of, _) in enumerate(self._idle) if of == scope), None)
            return None if place is None else self._idle.pop(place)[1]

    def _keep(self, scope: tuple[str, ...], cursor: duckdb.DuckDBPyConnection) -> None:
        with self._lock:
            if not self._is_closed:
                self._idle.insert(0, (scope, cursor))
            surplus = [cursor] if self._is_closed else [of for _, of in self._idle[KEPT_CURSORS:]]
            del self._idle[KEPT_CURSORS:]
        for one in surplus:
            one.close()

    def _scoped(self, structures: tuple[str, ...]) -> duckdb.DuckDBPyConnection:
        cursor = self._root.cursor()
        try:
            cursor.execute("SET VARIABLE scope_structures = CAST(? AS VARCHAR[])", [list(structures)])
        except BaseException:
            cursor.close()
            raise
        return cursor

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
        """Let go of the files. A cursor in use keeps them open until it is given back."""
        with self._lock:
            self._is_closed = True
            idle = [cursor for _, cursor in self._idle]
            self._idle.clear()
        for cursor in (*idle, self._root):
            cursor.close()

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


def _parsed(cursor: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement:
    (statement,) = cursor.extract_statements(sql)
    if statement.type != duckdb.StatementType.SELECT:
        raise ValueError(f"A mart answers a SELECT, not {statement.type.name}.")
    return statement


#: What DuckDB says of a file whose bytes are not what it wrote, and of other things. Of a block with another checksum
#: it says `duckdb.Error` itself.
_DAMAGE = {duckdb.Error, duckdb.IOException, duckdb.InternalException, duckdb.FatalException}
_DAMAGE |= {duckdb.SerializationException}


def _distrust(chosen: Sequence[Build]) -> Path | None:
    """The first file of these builds that is damaged; readers are shown other builds from now on."""
    return next((path for build in chosen if (path := builds.distrust(build))), None)


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
    def using(self, chosen: Sequence[Build]) -> Iterator[Mart]:
        """The mart of these builds, open for as long as it is used."""
        key = tuple(sorted(str(b.folder) for b in chosen))
        try:
            with self._lock:
                if key not in self._open:
                    self._open[key] = _Open(Mart(chosen))
                entry = self._open[key]
                entry.users += 1
        except BuildGoneError:
            _distrust(chosen)
            raise
        try:
            yield entry.mart
        except Exception as error:
            if type(error) in _DAMAGE or type(error.__cause__) in _DAMAGE:
                with self._lock:
                    self._open.pop(key, None)  # DuckDB answers nothing more after some of these.
                if path := _distrust(chosen):
                    raise BuildGoneError(f"{path} is damaged.", remedy=f"Run `lake run {path.stem}`.") from error
            raise
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
