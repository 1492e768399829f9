"""Contracts as dbt sees them: declarations in step, typed views, and the state of a key by either macro."""

from __future__ import annotations

from pathlib import Path

import duckdb
import jinja2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake import sources
from lake.contracts import Contract, catalogue, load
from lake.settings import LINES, PROJECT

VISITS = load(Path(__file__).parent.parent / "contracts" / "zoo" / "visits.yaml")


@pytest.mark.parametrize("line", sorted({c.line for c in catalogue().values()}))
def test_what_dbt_is_told_is_what_the_contracts_say(line: str) -> None:
    assert sources.is_current(line), sources.REMEDY


def test_every_source_is_built_somewhere() -> None:
    built = [c.name for name in ("core", *LINES) for c in sources.of(name)]
    assert sorted(built) == sorted(catalogue())


def view(folder: Path, contract: Contract) -> list[tuple[str, str]]:
    """The columns of a source's view, with DuckDB's types."""
    with duckdb.connect(folder / "zoo.duckdb") as con:
        con.execute(f"set file_search_path = '{folder}'")
        sources.create_views(con, [contract], folder / "inputs")
        return [(name, kind) for name, kind, *_ in con.execute(f"describe lake.{contract.name}").fetchall()]


def expected(contract: Contract) -> list[tuple[str, str]]:
    names = {
        "timestamp[ms, tz=UTC]": "TIMESTAMP WITH TIME ZONE",
        "fixed_size_binary[16]": "BLOB",
        "date32[day]": "DATE",
    }
    names |= {"string": "VARCHAR", "int64": "BIGINT", "int32": "INTEGER", "bool": "BOOLEAN", "double": "DOUBLE"}
    types = [(f.name, str(f.type)) for f in contract.mirror_schema]
    return [(name, names.get(kind) or kind.replace("decimal128", "DECIMAL").replace(", ", ",")) for name, kind in types]


def test_a_source_that_never_landed_is_empty_and_typed(tmp_path: Path) -> None:
    assert view(tmp_path, VISITS) == expected(VISITS)


def test_a_column_that_the_contract_gained_is_null_and_one_that_it_lost_is_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "inputs" / VISITS.name
    folder.mkdir(parents=True)
    *kept, gained = VISITS.mirror_schema
    older = pa.schema([*kept, pa.field("lost", pa.string())])
    pq.write_table(older.empty_table(), folder / "1-1.parquet")
    assert view(tmp_path, VISITS) == expected(VISITS)
    pq.write_table(VISITS.mirror_schema.empty_table(), folder / "2-2.parquet")
    (tmp_path / "zoo.duckdb").unlink()
    assert view(tmp_path, VISITS) == expected(VISITS)
    assert gained.name in dict(expected(VISITS))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.booleans()), max_size=20))
def test_the_state_of_a_key_is_what_a_dictionary_would_give(arrivals: list[tuple[str, int, bool]]) -> None:
    """An arrival is (key, order, deleted). The greatest order wins, then the last to arrive; a tombstone hides it."""
    state: dict[str, tuple[int, int]] = {}
    rows, versions = [], dict[str, int]()
    for batch, (key, order, is_deleted) in enumerate(arrivals, 1):
        version = versions[key] = versions.get(key, -1) + 1
        rows.append({"_key": key, "_version": version, "_batch": batch, "_order": order, "_deleted": is_deleted})
        if key not in state or order >= state[key][0]:
            state[key] = (order, batch)
    hidden = {row["_batch"] for row in rows if row["_deleted"]}
    wanted = sorted((key, batch) for key, (_, batch) in state.items() if batch not in hidden)

    macros = jinja2.Environment().from_string((PROJECT / "lake/macros/current_records.sql").read_text("utf-8")).module
    kinds = {
        "_key": pa.string(),
        "_version": pa.int32(),
        "_batch": pa.int64(),
        "_order": pa.int64(),
        "_deleted": pa.bool_(),
    }
    records = pa.Table.from_pylist(rows, schema=pa.schema(list(kinds.items())))
    with duckdb.connect() as con:
        con.register("records", records)
        for macro in ("default__current_records", "duckdb__current_records"):
            sql = getattr(macros, macro)("records")
            assert sorted(con.execute(f"select _key, _batch from ({sql})").fetchall()) == wanted, macro
