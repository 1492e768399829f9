"""The contracts as dbt sees them: source declarations, and the relations that stand behind them.

Each line has `models/staging/<line>/_<line>__sources.yml`, written by `write()` and committed; a test holds it in step
with the contracts. In a build's DuckDB file the same sources are views in schema `lake` on the build's frozen Parquet.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from lake.contracts import META_SCHEMA, Contract, Field, broken, catalogue, require
from lake.settings import PROJECT

#: Schema of the source views in a build's DuckDB file.
SCHEMA = "lake"

#: Lines whose sources feed the shared dimensions: they are built into `core.duckdb`.
CORE_LINES = ("group", "geo")

#: What to do when a declaration is not current.
REMEDY = "Run `lake contracts sources`."

_HEADER = "# Written by `lake contracts sources` from lake/contracts/{line}/: change the contract, not this file.\n"


def database(line: str) -> str:
    """The DuckDB database (file name without suffix) that holds a line's sources and models."""
    return "core" if line in (*CORE_LINES, "core") else line


def of(database_name: str) -> list[Contract]:
    """The contracts whose sources are built into one database, by name.

    Raises:
        ContractError: one of them is broken.
    """
    require(lambda one: database(one.line) == database_name)
    return [c for c in catalogue().values() if database(c.line) == database_name]


def declared() -> list[str]:
    """The lines whose contracts can all be used: a declaration that lacks a source would break its models."""
    unusable = {one.line for one in broken()}
    return sorted({c.line for c in catalogue().values()} - unusable)


def declaration(line: str) -> str:
    """The YAML that declares a line's sources to dbt: columns, descriptions, units and a test of the contract."""
    contracts = [c for c in catalogue().values() if c.line == line]
    document = {
        "version": 2,
        "sources": [
            {
                "name": line,
                "description": f"What landed for {line}, mirrored from MongoDB: every version of every key.",
                "database": database(line),
                "schema": SCHEMA,
                "tables": [_table(c) for c in contracts],
            }
        ],
    }
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)
    return _HEADER.format(line=line) + text


def path(line: str, project: Path = PROJECT) -> Path:
    return project / "models" / "staging" / line / f"_{line}__sources.yml"


def is_current(line: str, project: Path = PROJECT) -> bool:
    """Whether the declaration that dbt reads is the one that the contracts give."""
    file = path(line, project)
    return file.exists() and file.read_text("utf-8") == declaration(line)


def write(project: Path = PROJECT) -> list[Path]:
    """Write the declarations of the lines whose contracts can all be used; returns the files that changed."""
    changed = []
    for line in declared():
        if not is_current(line, project):
            file = path(line, project)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(declaration(line), "utf-8")
            changed.append(file)
    return changed


def create_views(con: duckdb.DuckDBPyConnection, contracts: list[Contract], inputs: Path) -> None:
    """Create the source views on `inputs/<source>/*.parquet`, typed as the contracts say.

    The views hold paths relative to `inputs`' parent (`file_search_path`), so that the folder can be renamed. A column
    that the contract gained after all files were written is null; a source that never landed is empty.
    """
    con.execute(f"create schema if not exists {SCHEMA}")
    for contract in contracts:
        files = sorted((inputs / contract.name).glob("*.parquet"))
        present = {name for file in files for name in pq.read_schema(file).names}
        columns = ", ".join(_column(f, f.name in present) for f in contract.mirror_schema)
        rows = f"from read_parquet('{inputs.name}/{contract.name}/*.parquet', union_by_name = true)"
        con.execute(f"create view {SCHEMA}.{contract.name} as select {columns} {rows if files else 'where false'}")


def _column(field: pa.Field, is_present: bool) -> str:
    value = f'"{field.name}"' if is_present else "null"
    return f'{value}::{_sql_type(field.type)} as "{field.name}"'


def _sql_type(kind: pa.DataType) -> str:
    """DuckDB's type of a mirrored column. A model turns an instant into a day with the macro `paris_day`."""
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision}, {kind.scale})"
    names = {
        pa.types.is_string: "varchar",
        pa.types.is_fixed_size_binary: "blob",
        pa.types.is_boolean: "boolean",
        pa.types.is_date: "date",
        pa.types.is_timestamp: "timestamptz",
        pa.types.is_float64: "double",
        pa.types.is_int32: "integer",
        pa.types.is_int64: "bigint",
    }
    return next(name for is_kind, name in names.items() if is_kind(kind))


def _table(contract: Contract) -> dict[str, Any]:
    described = {f.name: f for f in contract.stored}
    lake_columns = [{"name": name, "data_type": _sql_type(META_SCHEMA.field(name).type)} for name in META_SCHEMA.names]
    table: dict[str, Any] = {
        "name": contract.name,
        "description": f"{contract.purpose} Grain: {contract.grain}",
        "config": {"meta": {"contract_version": contract.version, "event_time": contract.event_time}},
        "columns": lake_columns + [_described(f, _sql_type(f.arrow_type)) for f in described.values()],
    }
    if conditions := [c for f in contract.stored for c in _conditions(f)]:
        test = {"name": f"{contract.name}_keeps_contract", "arguments": {"conditions": conditions}}
        table["data_tests"] = [{"keeps_contract": test}]
    return table


def _described(field: Field, sql_type: str) -> dict[str, Any]:
    column: dict[str, Any] = {"name": field.name, "description": field.description, "data_type": sql_type}
    if field.unit:
        column["config"] = {"meta": {"unit": field.unit}}
    return column


def _conditions(field: Field) -> list[str]:
    """What the contract promises of a field, as SQL that is true or null when kept."""
    found = [f"{field.name} is not null"] if field.required else []
    if field.allowed:
        found.append(f"{field.name} in ({', '.join(_literal(v, field) for v in field.allowed)})")
    if field.minimum is not None:
        found.append(f"{field.name} >= {_literal(field.minimum, field)}")
    if field.maximum is not None:
        found.append(f"{field.name} <= {_literal(field.maximum, field)}")
    return found


def _literal(value: object, field: Field) -> str:
    if field.kind in ("integer", "decimal", "double"):
        return str(value)
    if field.kind == "boolean":
        return str(value).lower()
    quoted = "'" + str(value).replace("'", "''") + "'"
    return quoted if field.kind == "string" else f"{field.kind} {quoted}"
