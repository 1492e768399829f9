"""A line's rows → files with the dirt of real life, and the truth about them.

A line hands over the whole history of one source by one structure (`Sink.deliver`) and gets back the state in which
it ends, over which it computes its headline figures.
"""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zipfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lake.contracts import Contract, Field, contract
from lake.errors import ContractError
from lake.sample import dirt as dirty
from lake.sample.dirt import CORRECTED, DELETED, FULL, ORIGINAL, RETURNED, Can, Dirt, Ints, Parcel
from lake.sample.people import identity
from lake.sample.render import TEXT, Renderer, breaks, dialect
from lake.sample.truth import Truth
from lake.sample.world import World

Correct = Callable[[pa.Table, np.random.Generator], pa.Table]

#: Months whose files came as the trade's software sends them. What was before came when the lake began: one zip for
#: each source, structure and year.
RECENT_MONTHS = 6

_PARIS = "Europe/Paris"


class Sink:
    """Writes under `out/<line>/`. `truth` collects what must come out; `files` counts what was written."""

    def __init__(self, out: Path, world: World) -> None:
        self._out = out
        self._world = world
        self._done: set[tuple[str, ...]] = set()
        self._archives: dict[str, list[tuple[str, bytes]]] = defaultdict(list)
        self._first_day, self._last_day = (int(day.astype(np.int64)) for day in (world.first_day, world.last_day))
        #: The first month, since 1970, that came as it was sent.
        self._recent = (world.last.year - 1970) * 12 + world.last.month - RECENT_MONTHS
        #: The last month, since 1970: what it brought comes in a delivery of its own.
        self.last_month = self._recent + RECENT_MONTHS - 1
        self.truth = Truth()
        self.files = 0

    def deliver(
        self,
        source: str,
        structure_id: str,
        table: pa.Table,
        *,
        dirt: Dirt = FULL,
        correct: Correct | None = None,
        names: Mapping[str, str] | None = None,
        headers: Sequence[str] | None = None,
    ) -> pa.Table:
        """Write all that a structure ever sends of a source.

        Args:
            table: One row a thing, columns by the contract's field names, typed as stored, persons in clear. Absent
                columns are filled (see `_complete`).
            dirt: How much of it; `FULL` for facts, `GENTLE` for rows that others refer to.
            correct: Gives corrected rows for some; by default one value of each is changed.
            names: Groups of the file name's pattern besides structure_id, month and year.
            headers: The file's columns in order, where it has some that the contract does not know.

        Returns:
            The rows that live in the end, in their last state, in the columns of the contract.
        """
        what = (source, structure_id, *(names or {}).values())
        if what in self._done:
            raise ValueError(f"{' '.join(what)} was delivered already.")
        self._done.add(what)
        its = contract(source)
        if not table.num_rows:
            return table
        rng = self._world.rng("deliver", *what)
        style = dialect(self._world.rng("dialect", source, structure_id), its)
        rows = _complete(its, table, structure_id, self._world, rng)
        pattern = its.reading.files[0]
        ways = breaks(its)
        can = Can(
            order_by_landing=its.version_order == "landing",
            correct=(correct or _default_correction(its)) is not None,
            delete=its.deletion_field is not None,
            breaks=len(ways),
            rename=r"(_\w+)?" in pattern,
            cut=its.reading.format in TEXT,
            wrong_encoding=its.reading.format in ("csv", "fec"),
        )
        periods, step = self._periods(its)
        plan = dirty.plan(rng, _days(its, rows, self._last_day), periods, self._last_day, step, can, dirt)
        states, index = _states(its, rows, plan, correct, rng, self._last_day)
        renderer = Renderer(its, states, style, headers)
        at = index[plan.row, plan.state]
        for parcel in plan.parcels:
            broken = {position: ways[way - 1] for position, way in enumerate(plan.broken[parcel.sent].tolist()) if way}
            data = renderer.file(at[parcel.sent].tolist(), broken, is_cut=parcel.cut_after is not None)
            if parcel.is_utf16:
                data = codecs.BOM_UTF16_LE + data.decode(style.encoding).encode("utf-16-le")
            self._file(its, structure_id, parcel, data, names or {}, is_packed=style.gzip)
        self._close_archives(its)
        live = states.take(pa.array(index[np.flatnonzero(plan.final >= 0), plan.final[plan.final >= 0]]))
        self._count(its, plan, live)
        return live

    def _file(
        self,
        its: Contract,
        structure_id: str,
        parcel: Parcel,
        data: bytes,
        names: Mapping[str, str],
        *,
        is_packed: bool,
    ) -> None:
        """Write one file, or keep it for its year's archive."""
        pattern = its.reading.files[0]
        name = _file_name(pattern, structure_id, parcel.period, parcel.tag, names)
        if "(?P<month>" in pattern and parcel.period < self._recent:
            plain = _file_name(pattern, structure_id, parcel.period, "", names)
            self._archives[Path(plain).with_suffix(".zip").name].append((name, data))
            return
        if is_packed:
            name, data = f"{name}.gz", gzip.compress(data, mtime=0)
        is_last = parcel.tag == "suite" or ("(?P<month>" in pattern and parcel.period == self.last_month)
        self._write(its, its.line, name, data, is_last=is_last)
        if parcel.is_resent:
            self._write(its, f"{its.line}/renvois", name, data, is_last=True)

    def _close_archives(self, its: Contract) -> None:
        for archive, members in self._archives.items():
            self._write(its, its.line, archive, _zip(members))
        self._archives.clear()

    def _periods(self, its: Contract) -> tuple[Callable[[Ints], Ints], int]:
        """The period of days (its last month, since 1970), and by how many periods' months a late file is late.

        Files are monthly (before the recent months: as long as the calendar year goes), or yearly, as their names tell,
        whatever the number of records; a source whose files have no period in their name (a register that is sent
        whole) is one file, and so is one whose file is all there is.
        """
        pattern = its.reading.files[0]
        if its.whole_of is not None and not its.whole_of.scope:
            return lambda days: np.full_like(days, self.last_month), 0
        is_monthly = "(?P<month>" in pattern
        if not is_monthly and "(?P<year>" not in pattern and "(?P<date>" not in pattern:
            return np.zeros_like, 0

        def period_of(days: Ints) -> Ints:
            within = np.clip(days, self._first_day, self._last_day)
            months = within.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
            yearly = months // 12 * 12 + 11
            return (
                np.where(months >= self._recent, months, np.minimum(yearly, self._recent - 1)) if is_monthly else yearly
            )

        return period_of, 2 if is_monthly else 24

    def _write(self, its: Contract, folder: str, name: str, data: bytes, *, is_last: bool = False) -> None:
        path = self._out / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            raise ValueError(f"Two files of the sample are called {folder}/{name}; its contract's pattern is too poor.")
        path.write_bytes(data)
        self.files += 1
        if is_last:
            self.truth.last_delivery.append(f"{folder}/{name}")
        if folder == its.line:
            self.truth.sources[its.name].files += 1
        else:
            self.truth.sources[its.name].skipped_files += 1

    def _count(self, its: Contract, plan: dirty.Plan, live: pa.Table) -> None:
        expected = self.truth.sources[its.name]
        expected.read += plan.read
        expected.landed += plan.landed
        expected.unchanged += plan.unchanged
        expected.quarantined += plan.quarantined
        expected.live += live.num_rows
        expected.dirt.update(plan.dirt)
        for name in its.control_totals:
            expected.totals[name] += Decimal(pc.sum(live.column(name)).as_py() or 0)


# Rows


def _complete(its: Contract, table: pa.Table, structure_id: str, world: World, rng: np.random.Generator) -> pa.Table:
    """The table with every field of the contract, typed: what the line left out is filled in.

    Filled: the structure, the version order (the event's day, at an office hour), the deletion field (created), and
    invented names, phones, … of the persons. Other absent fields are null.

    Raises:
        ValueError: a column is not the contract's, or a required one is absent.
    """
    given = set(table.column_names)
    if unknown := given - {f.name for f in its.fields}:
        raise ValueError(f"{its.name} has no fields {sorted(unknown)}.")
    n = table.num_rows
    who = None
    arrays = []
    for field in its.fields:
        if field.name in given:
            arrays.append(_typed(table.column(field.name), field.arrow_type))
        elif field.name == its.structure:
            arrays.append(pa.array([structure_id] * n, pa.string()))
        elif field.name == its.version_order:
            arrays.append(_moments(its, table, rng).cast(field.arrow_type))
        elif field.name == its.deletion_field:
            arrays.append(pa.array([field.allowed[0]] * n, field.arrow_type))
        elif field.personal == "drop":
            who = _persons(its, table, world) if who is None else who
            values = identity(field.name, world.people, who) if who is not None else None
            arrays.append(pa.nulls(n, field.arrow_type) if values is None else pa.array(values, field.arrow_type))
        elif field.required and field.from_file is None and not field.header.startswith("_"):
            raise ValueError(f"{its.name} requires '{field.name}', which the line did not give.")
        else:
            arrays.append(pa.nulls(n, field.arrow_type))
    return pa.Table.from_arrays(arrays, names=[f.name for f in its.fields])


def _typed(values: Any, kind: pa.DataType) -> pa.Array:
    values = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    return values if values.type == kind else values.cast(kind)


def _moments(its: Contract, table: pa.Table, rng: np.random.Generator) -> pa.Array:
    """When the trade's software saved each row: the day of the event, between 8 and 19 o'clock, whole minutes."""
    if its.event_time is None or its.event_time not in table.column_names:
        raise ValueError(f"Give '{its.version_order}' of {its.name}: it has no event to take it from.")
    day = _local_days(table.column(its.event_time))
    minutes = day * 1440 + rng.integers(8 * 60, 19 * 60, len(day))
    naive = pa.array(minutes.astype("datetime64[m]").astype("datetime64[s]"))
    return pc.assume_timezone(naive, _PARIS).cast(pa.timestamp("ms", "UTC"))


def _persons(its: Contract, table: pa.Table, world: World) -> Ints | None:
    """Positions of the rows' persons in the pool."""
    named = next((f.name for f in its.fields if f.personal == "pseudonym" and f.namespace == "person"), None)
    if named is None or named not in table.column_names:
        return None
    return world.people.positions(np.array(table.column(named).to_pylist()))


def _local_days(values: Any) -> Ints:
    """Days since 1970, in Europe/Paris, of dates or instants."""
    if pa.types.is_timestamp(values.type):
        values = pc.local_timestamp(values.cast(pa.timestamp("s", "UTC")).cast(pa.timestamp("s", _PARIS))).cast(
            pa.date32()
        )
    return np.asarray(values.cast(pa.int32()).to_numpy(), np.int64)


def _days(its: Contract, rows: pa.Table, last_day: int) -> Ints:
    """Day on which each row was saved: of the version order, else of the event, else the last day."""
    for name in (its.version_order, its.event_time):
        if name is not None and name != "landing" and its.field(name).kind in ("date", "timestamp"):
            return _local_days(rows.column(name))
    return np.full(rows.num_rows, last_day)


def _states(
    its: Contract,
    rows: pa.Table,
    plan: dirty.Plan,
    correct: Correct | None,
    rng: np.random.Generator,
    last_day: int,
) -> tuple[pa.Table, Ints]:
    """All states of all rows, one below the other, and where each (row, state) is among them."""
    index = np.full((rows.num_rows, 4), -1, np.int64)
    index[:, ORIGINAL] = np.arange(rows.num_rows)
    tables = [rows]
    at = rows.num_rows
    for state in (CORRECTED, RETURNED, DELETED):
        mine, first = np.unique(plan.row[plan.state == state], return_index=True)
        if not len(mine):
            continue
        changed = rows.take(pa.array(mine))
        if state == CORRECTED:
            changed = (correct or _default_correction(its))(changed, rng)  # type: ignore[misc]
        delay = plan.when[plan.state == state][first] - _days(its, changed, last_day)
        tables.append(_marked(its, _later(its, changed, delay), state))
        index[mine, state] = np.arange(at, at + len(mine))
        at += len(mine)
    return pa.concat_tables(tables).combine_chunks(), index


def _later(its: Contract, rows: pa.Table, delay: Ints) -> pa.Table:
    """Rows saved again, so many days later."""
    if its.version_order == "landing":
        return rows
    field = its.field(its.version_order)
    values = _typed(rows.column(field.name), field.arrow_type)
    unit = "D" if field.kind == "date" else "ms"
    if field.kind not in ("date", "timestamp"):
        raise ContractError(f"The sample can't order versions of {its.name} by '{field.name}', which is no time.")
    moved = values.to_numpy(zero_copy_only=False).astype(f"datetime64[{unit}]") + delay.astype("timedelta64[D]")
    return _with(
        rows,
        field.name,
        pa.array(moved).cast(pa.timestamp("ms") if unit == "ms" else pa.date32()).cast(field.arrow_type),
    )


def _marked(its: Contract, rows: pa.Table, state: int) -> pa.Table:
    """Rows whose deletion field says modified or deleted."""
    if its.deletion_field is None:
        return rows
    field = its.field(its.deletion_field)
    value = its.deletion_value if state == DELETED else field.allowed[1]
    return _with(rows, field.name, pa.array([value] * rows.num_rows, field.arrow_type))


def _with(rows: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return rows.set_column(rows.column_names.index(name), name, values)


def _default_correction(its: Contract) -> Correct | None:
    """Change the first control total (five percent less), else the first flag, else the first enumeration."""
    taken = {its.deletion_field, its.structure, its.version_order, its.event_time}
    free = [f for f in its.fields if f.is_stored and f.key_position is None and f.name not in taken and not f.from_file]
    amounts = [f for f in free if f.name in its.control_totals and f.kind == "decimal"]
    flags = [f for f in free if f.kind == "boolean"]
    lists = [f for f in free if len(f.allowed) > 1 and f.kind == "string"]
    if amounts:
        step = Decimal(1).scaleb(-amounts[0].scale)
        return _changing(amounts[0], lambda v: (v * Decimal("0.95")).quantize(step) if v else Decimal(1))
    if flags:
        return _changing(flags[0], lambda v: not v)
    if lists:
        choices = lists[0].allowed
        return _changing(lists[0], lambda v: choices[(choices.index(v) + 1) % len(choices)] if v else choices[0])
    return None


def _changing(field: Field, change: Callable[[Any], Any]) -> Correct:
    def corrected(rows: pa.Table, _: np.random.Generator) -> pa.Table:
        return _with(
            rows, field.name, pa.array([change(v) for v in rows.column(field.name).to_pylist()], field.arrow_type)
        )

    return corrected


# Files


def _file_name(pattern: str, structure_id: str, period: int, tag: str, names: Mapping[str, str]) -> str:
    """A name that the contract's pattern knows.

    Raises:
        ContractError: the pattern has a group that nobody gave, or is not made of groups and plain text.
    """
    year, month = period // 12 + 1970, period % 12 + 1
    known = {
        "structure_id": structure_id,
        "month": f"{year}-{month:02d}",
        "year": f"{year}",
        "date": f"{year}1231",
        **names,
    }
    try:
        name = re.sub(r"\(\?P<(\w+)>[^()]*\)", lambda group: known[group[1]], pattern)
    except KeyError as missing:
        raise ContractError(f"The file name {pattern} needs {missing}.", remedy="Give it in `names`.") from missing
    name = re.sub(r"\((\w+)\|[^()]*\)", r"\1", name)  # of several endings, the first
    name = name.replace(r"\d*", "").replace(r"(_\w+)?", f"_{tag}" if tag else "").strip("^$").replace("\\.", ".")
    if not re.fullmatch(pattern.strip("^$"), name):
        raise ContractError(f"The sample can't make a file name that fits {pattern}: '{name}' does not.")
    return name


def _zip(members: list[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name, (2020, 1, 1, 6, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, data)
    return buffer.getvalue()
