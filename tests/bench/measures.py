"""What is measured. Each function runs in a process of its own and returns how long how many records took; `questions`
does it for several ways to ask.

A reference does the least that any way of doing it must: it is the floor, not a rival.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from statistics import quantiles
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lake.land import land
from lake.store import Store, open_store
from tests.bench import sales

DOCUMENTS = 10_000
#: dlt takes minutes for a million records: its rate is measured on the first of them.
DLT_RECORDS = 100_000

METRIC = "audio_devices_fitted"
LINE = "audio"


@dataclass(frozen=True)
class Work:
    """Where a measure finds its things, and how many records it is about."""

    folder: Path
    records: int

    @property
    def file(self) -> Path:
        return self.folder / f"sales_{self.records}.csv"

    @property
    def more(self) -> list[Path]:
        """Files of one per cent of new sales each."""
        return [self.folder / f"sales_{self.records}_more_{nth}.csv" for nth in range(3)]

    @property
    def few(self) -> Path:
        return self.folder / "sales_few.csv"

    @property
    def sample(self) -> Path:
        return self.folder / "sample"


@dataclass(frozen=True)
class Took:
    """Seconds for so many records (or questions)."""

    seconds: float
    records: int


def timed(do: Callable[[], Any], records: int) -> Took:
    begun = time.perf_counter()
    do()
    return Took(time.perf_counter() - begun, records)


# Landing


def _land(file: Path) -> None:
    contract = sales.contract()
    land([str(file)], source=contract.name, contracts={contract.name: contract})


def land_first(work: Work) -> Took:
    """`lake land` of one CSV file: read, check, pseudonymise, version, write, commit."""
    with open_store() as store:
        _land(work.few)  # What is imported on the way is not counted.
        store.drop()
        return timed(lambda: _land(work.file), work.records)


def land_again(work: Work) -> Took:
    """The same rows under another file name: nothing may be added."""
    copy = work.folder / "sales_copy.csv"
    copy.write_bytes(work.file.read_bytes())
    with open_store() as store:
        took = timed(lambda: _land(copy), work.records)
        assert store.files()[-1].unchanged == work.records
    copy.unlink()
    return took


def insert_dicts(work: Work) -> Took:
    """Bare `insert_many` of the documents that landing made, as Python dicts; fetching them is not counted."""
    return _insert(work, raw=False)


def insert_raw(work: Work) -> Took:
    """The same, encoded beforehand: the server's own speed."""
    return _insert(work, raw=True)


def _insert(work: Work, *, raw: bool) -> Took:
    from bson import CodecOptions
    from bson.raw_bson import RawBSONDocument

    with open_store() as store:
        landed = _collection(store)
        bare = landed.database["bare"]
        bare.drop()
        cursor = (landed.with_options(CodecOptions(document_class=RawBSONDocument)) if raw else landed).find()
        seconds, count = 0.0, 0
        while documents := list(islice(cursor, DOCUMENTS)):
            seconds += timed(lambda: bare.insert_many(documents), len(documents)).seconds
            count += len(documents)
        bare.drop()
    return Took(seconds, count)


# Mirroring


def mirror_first(work: Work) -> Took:
    """`lake mirror` of everything that landed: fetched, decoded, typed, written to Parquet, flushed."""
    from lake.mirror import mirror

    with open_store() as store:
        return timed(lambda: mirror(store, sales.contract(), full=True), work.records)


def mirror_more(work: Work) -> Took:
    """`lake mirror` once more, after one per cent of new records has landed; the best of three such."""
    from lake.mirror import mirror

    contract, count = sales.contract(), work.records // 100
    tries = []
    with open_store() as store:
        for file in work.more:
            _land(file)
            tries.append(timed(lambda: mirror(store, contract), count))
            assert mirror(store, contract).records == 0
    return min(tries, key=lambda took: took.seconds)


def raw_cursor(work: Work) -> Took:
    """A bare raw-BSON cursor over the same collection, its replies thrown away."""
    with open_store() as store:
        cursor = _collection(store).find_raw_batches({}, batch_size=100_000)
        return timed(lambda: [len(reply) for reply in cursor], work.records)


def python_dicts(work: Work) -> Took:
    """Documents as Python dicts, thrown away."""
    with open_store() as store:
        return timed(lambda: sum(1 for _ in _collection(store).find()), work.records)


def pymongoarrow(work: Work) -> Took:
    """PyMongoArrow's `find_arrow_all`, written to Parquet."""
    from bson import Decimal128
    from pymongoarrow.api import Schema, find_arrow_all

    kinds: dict[Any, Any] = {pa.types.is_decimal: Decimal128, pa.types.is_date: pa.timestamp("ms")}
    fields: dict[str, Any] = {"_batch": pa.int64(), "_file": pa.int64(), "_line": pa.int64(), "_order": pa.int64()}
    fields |= {"_hash": pa.int64(), "_deleted": pa.bool_()}
    for field in sales.contract().arrow_schema:
        kind = next((kind for is_kind, kind in kinds.items() if is_kind(field.type)), field.type)
        fields[field.name] = pa.timestamp("ms") if pa.types.is_timestamp(field.type) else kind
    with open_store() as store:
        collection = _collection(store)

        def copy() -> None:
            table = find_arrow_all(collection, {}, schema=Schema(fields))
            columns = [
                c.cast(c.type.storage_type) if isinstance(c.type, pa.BaseExtensionType) else c for c in table.columns
            ]
            pq.write_table(pa.table(columns, table.column_names), work.folder / "arrow.parquet")

        return timed(copy, work.records)


def dlt_pipeline(work: Work) -> Took:
    """dlt as a user would write it: a generator of documents into a Parquet dataset."""
    import dlt
    from bson import Decimal128

    count = min(work.records, DLT_RECORDS)
    with open_store() as store:

        def rows() -> Iterator[dict[str, Any]]:
            for document in _collection(store).find().limit(count):
                yield {k: v.to_decimal() if isinstance(v, Decimal128) else v for k, v in document.items()}

        target = dlt.destinations.filesystem(bucket_url=str(work.folder / "dlt"))
        pipeline = dlt.pipeline(
            "bench", pipelines_dir=str(work.folder / "dlt-work"), destination=target, dataset_name="lake"
        )
        return timed(lambda: pipeline.run(rows(), table_name="sales", loader_file_format="parquet"), count)


def _collection(store: Store) -> Any:
    """The driver's own collection: a reference has nothing of the lake in it."""
    return store._db[sales.contract().name]


# Building and asking


def build(work: Work) -> Took:
    """`lake build` of one line: dbt with its tests, contracts and unit tests; the core is there already."""
    from lake.build import build_lines

    outcomes = []
    took = timed(lambda: outcomes.extend(build_lines([LINE], force=True)), _line_records())
    assert outcomes[0].error is None, outcomes[0].error
    return took


def bare_sql(work: Work) -> Took:
    """The SQL that the build compiles to, model by model in one DuckDB connection; no tests."""
    import json
    import shutil

    import duckdb

    from lake import builds, sources

    made = builds.builds(LINE)[0]
    nodes = json.loads(made.manifest.read_text("utf-8"))["nodes"]
    models = {k: n for k, n in nodes.items() if n["resource_type"] in ("model", "seed") and n["database"] == LINE}
    place = work.folder / "bare"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    with duckdb.connect(place / f"{LINE}.duckdb") as connection:
        connection.execute(f"set file_search_path = '{made.folder}'; set threads = 2")
        connection.execute(f"attach '{made.core_database}' as core (read_only)")
        connection.execute(f"attach '{made.database}' as built (read_only)")
        sources.create_views(connection, sources.of(LINE), made.folder / "inputs")
        for node in models.values():
            connection.execute(f'create schema if not exists "{node["schema"]}"')

        def run() -> None:
            done: set[str] = set()
            waiting = dict(models)
            while waiting:
                for key, node in list(waiting.items()):
                    if {p for p in node["depends_on"]["nodes"] if p in models} <= done:
                        name = f'"{node["schema"]}"."{node["alias"]}"'
                        kind = "view" if node["config"]["materialized"] == "view" else "table"
                        code = node.get("compiled_code") or f"from built.{name}"
                        connection.execute(f"create {kind} {name} as {code}")
                        done.add(waiting.pop(key)["unique_id"])

        return timed(run, _line_records())


def _line_records() -> int:
    """Records of the line's sources in the lake."""
    from lake import sources

    with open_store() as store:
        return sum(b.records for c in sources.of(LINE) for b in store.committed_batches(c.name))


QUESTIONS = 200

#: The n-th question begins n days later, so that no answer is known beforehand.
BEGIN = date(2019, 1, 1)


def _ask(since: date | None = None) -> pa.Table:
    from lake import access, semantic

    scope = access.scope("group-director", who="bench")
    return semantic.query([METRIC], by=["structure"], grain="month", since=since, scope=scope).table


def query_first(work: Work) -> Took:
    """The first question of a process, MetricFlow's import apart: definitions read, planned, run."""
    from lake import semantic

    semantic.prewarm()
    return timed(_ask, 1)


def query_same(work: Work) -> Took:
    """The very same question again: answered from memory, after a look at the pointer."""
    _ask()
    return timed(lambda: [_ask() for _ in range(QUESTIONS)], QUESTIONS)


def questions(work: Work) -> dict[str, Took]:
    """Each question is asked in every way, one after the other: what else the machine does meets them alike.

    So many questions at the pace of the fastest tenth, since it only ever makes one slower.
    """
    ways = {way.__name__: way(work) for way in (query_again, query_by_hand, query_by_hand_unscoped)}
    paces: dict[str, list[float]] = {name: [] for name in ways}
    for nth in range(QUESTIONS + 1):
        answers = []
        for name, ask in ways.items():
            begun = time.perf_counter()
            answers.append(ask(BEGIN + timedelta(days=nth)))
            paces[name].append(time.perf_counter() - begun)
        assert all(answer.equals(answers[0]) for answer in answers), "every way gives the same figures"
    return {name: Took(quantiles(pace[1:], n=10)[0] * QUESTIONS, QUESTIONS) for name, pace in paces.items()}


def query_again(work: Work) -> Callable[[date], pa.Table]:
    """The same question with other dates each time: planned already, run by DuckDB."""
    return _ask


def query_by_hand(work: Work) -> Callable[[date], pa.Table]:
    """The same figures by hand-written SQL on the mart's table, in the same scope: a cursor for each question."""
    return _by_hand("and list_contains($structures, structure_id)")


def query_by_hand_unscoped(work: Work) -> Callable[[date], pa.Table]:
    """The same for a reader of whom it is known that every structure may be seen: nothing keeps to a scope."""
    return _by_hand("")


def _by_hand(scope: str) -> Callable[[date], pa.Table]:
    import duckdb

    from lake import builds

    made = builds.published(LINE)
    assert made is not None
    connection = duckdb.connect(made.database, read_only=True)
    structures = connection.sql("select distinct structure_id from atomic.fct_audio_fittings").fetchall()
    seen = {"structures": [row[0] for row in structures]} if scope else {}
    sql = f"""
        select date_trunc('month', fitted_on)::date as metric_time, structure_id as structure, count(*) as {METRIC}
        from atomic.fct_audio_fittings where fitted_on >= $since {scope} group by all order by all
    """

    def ask(since: date) -> pa.Table:
        with connection.cursor() as cursor:
            return cursor.sql(sql, params={"since": since, **seen}).to_arrow_table()

    return ask


# What the measures need before them


def prepare(work: Work) -> Took:
    """The files: sales, and three times one per cent more."""
    begun = time.perf_counter()
    sales.write(work.few, 100)
    sales.write(work.file, work.records)
    for nth, file in enumerate(work.more):
        sales.write(file, work.records // 100, begin=work.records + nth * (work.records // 100))
    return Took(time.perf_counter() - begun, work.records)


def prepare_line(work: Work) -> Took:
    """The sample of one line, which has so many records by itself, all the way to a published mart."""
    from lake.run import run
    from lake.sample import generate
    from lake.sample.world import LINES

    begun = time.perf_counter()
    whole_group = round(work.records / LINES[LINE])
    generate(work.sample, whole_group, seed=1, lines=("group", "geo", LINE))
    with open_store() as store:
        record = run(store, [LINE], paths=[str(work.sample)])
    assert record.exit_code == 0, record.lines
    return Took(time.perf_counter() - begun, _line_records())
