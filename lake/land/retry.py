"""Rows in quarantine, read again with the contract as it is now."""

from __future__ import annotations

import io
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as changed
from itertools import groupby

import numpy as np
import pyarrow as pa

from lake.contracts import Contract, Field, contract
from lake.errors import LakeError
from lake.land.originals import Kept, originals, slices
from lake.land.pieces import Piece, check_pieces
from lake.land.questions import answered
from lake.land.recognise import from_name
from lake.readers import read
from lake.readers.chunk import Chunk, Lines
from lake.readers.stream import Plain
from lake.readers.text import count_lines
from lake.store import Batch, FileRecord, Held, KeySet, Standing, Store, row_scopes
from lake.store.versions import key_ids
from lake.vault import Vault, check_keys

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Retried:
    """What became of one source's rows in quarantine: `tried` = `landed` + `unchanged` + `still`.

    `rounded` of their values were rounded, as the contract allows, by field.
    """

    source: str
    tried: int
    landed: int
    unchanged: int
    rounded: Mapping[str, int] = field(default_factory=dict)

    @property
    def still(self) -> int:
        return self.tried - self.landed - self.unchanged


def retry(
    store: Store,
    keys: Vault,
    sources: Sequence[str],
    *,
    file: int | None = None,
    contracts: Mapping[str, Contract] | None = None,
) -> list[Retried]:
    """Read quarantined rows again and land those that now pass, with the file and line they came from.

    Args:
        store: The lake.
        keys: Decrypt the rows.
        sources: Whose rows; one batch each.
        file: Only rows of this file of the ledger.
        contracts: By source; those of the package by default.

    Raises:
        ContractError: the contract of one of them is broken; nothing was tried.
        UnknownSource: one is not a source.
    """
    check_keys(store, keys)
    known = contracts or {source: contract(source) for source in sources}
    return [_retry_source(store, keys, answered(store, known[source]), file) for source in sources]


def cells(kept: Kept, contract: Contract) -> list[tuple[Field, str | None]]:
    """What the contract's fields are read from in one row, as text; nothing if it can't be cut into columns."""
    if not kept.is_whole:
        return []
    _, chunks = _read_kept([kept], contract)
    found = [chunk.table for chunk in chunks if chunk.table.num_rows]
    if len(found) != 1 or found[0].num_rows != 1:
        return []
    (row,) = found[0].to_pylist()
    return [(field, row[field.name]) for field in contract.fields if field.name in row]


def _retry_source(store: Store, keys: Vault, contract: Contract, file: int | None) -> Retried:
    with store.lease(f"land:{contract.name}"):
        tried = landed = unchanged = 0
        rounded: Counter[str] = Counter()
        newest = _newest(store, contract)
        batch = store.begin(contract)
        failed: list[tuple[str, Sequence[str]]] = []
        try:
            for origin in store.files(contract.name):
                if not origin.quarantined or file not in (None, origin.number):
                    continue
                for entries in slices(store.quarantine.each(contract.name, file=origin.number)):
                    tried += len(entries)
                    kept = [*originals(store, keys, entries)]
                    table, passed, reasons, values = read_again(entries, kept, origin, contract, keys)
                    rounded.update(values)
                    failed += reasons.items()
                    if passed:
                        table, told = _newer_told(table, origin, contract, newest)
                        batch.pass_over(origin.number, told)
                        unchanged += told
                        for written in batch.write(table, _standings(batch, table, contract)).values():
                            landed += written.landed
                            unchanged += written.unchanged
                        batch.release(passed)
        except BaseException:
            batch.abort()
            raise
        if landed + unchanged:
            batch.commit()
        else:
            batch.abort()
        for entry, why in failed:
            store.quarantine.restate(entry, why, contract.version)
    log.info("retry.done source=%s tried=%d landed=%d unchanged=%d", contract.name, tried, landed, unchanged)
    return Retried(contract.name, tried, landed, unchanged, rounded)


def _newest(store: Store, contract: Contract) -> dict[tuple[str, ...], int]:
    """The newest file that is the whole of each scope."""
    return {scope: file.number for file in store.files(contract.name) for scope in file.scopes}


def _newer_told(
    table: pa.Table, origin: FileRecord, contract: Contract, newest: Mapping[tuple[str, ...], int]
) -> tuple[pa.Table, int]:
    """The rows that still say something, and how many don't: a newer file is the whole of their scope."""
    if contract.whole_of is None:
        return table, 0
    of_each = [newest.get(tuple(map(str, scope)), 0) > origin.number for scope in row_scopes(table, contract)]
    return table.filter(pa.array([not told for told in of_each], pa.bool_())), sum(of_each)


def _standings(batch: Batch, table: pa.Table, contract: Contract) -> list[Standing]:
    """The scopes of rows: what an earlier delivery withdrew there is back."""
    if contract.whole_of is None or not table.num_rows:
        return []
    held = KeySet()
    held.add(key_ids(table.combine_chunks(), contract))
    return [batch.standing(scope, held) for scope in dict.fromkeys(row_scopes(table, contract))]


def read_again(
    entries: Sequence[Held], kept: Sequence[Kept], origin: FileRecord, contract: Contract, keys: Vault
) -> tuple[pa.Table, list[str], dict[str, Sequence[str]], Counter[str]]:
    """Rows that now pass, the entries they were, the reasons of the others, and the values that were rounded, by field.

    An entry passes if it is exactly one row and that row is right.
    """
    pieces: list[Piece] = []
    owners: list[Lines] = []
    reasons: dict[str, Sequence[str]] = {}
    whole = [i for i in range(len(entries)) if kept[i].is_whole]
    order = sorted(whole, key=lambda i: (kept[i].again, kept[i].encoding or "", kept[i].head))
    named = from_name(contract, origin.name) or {}
    for _, group in groupby(order, key=lambda i: (kept[i].again, kept[i].encoding, kept[i].head)):
        members = list(group)
        starts, chunks = _read_kept([kept[i] for i in members], contract)
        for chunk in chunks:
            owner = np.array(members)[_member_of(chunk.lines, starts)]
            lines = np.array([entries[i].line for i in owner], np.int64)
            for broken in chunk.broken:
                entry = entries[members[int(_member_of(np.array([broken.line]), starts)[0])]]
                reasons[entry.id] = (*reasons.get(entry.id, ()), broken.reason)
            pieces.append(Piece(changed(chunk, broken=()), origin.number, origin.name, named, lines))
            owners.append(owner)
    table, failures, rounded = check_pieces(pieces, contract, keys)
    owner_of = {id(piece): owner for piece, owner in zip(pieces, owners, strict=True)}
    for failure in failures:
        if failure.row is not None:
            entry = entries[int(owner_of[id(failure.piece)][failure.row])]
            reasons[entry.id] = failure.reasons
    if not table.num_rows:
        return table, [], reasons, Counter()
    owner = np.concatenate(owners)
    rows_of = np.bincount(owner, minlength=len(entries))
    mine = owner[table["_row"].to_numpy()]
    passes = np.array([rows_of[i] == 1 and entries[i].id not in reasons for i in mine], np.bool_)
    passed = [entries[i].id for i in mine[passes]]
    return table.filter(pa.array(passes)), passed, reasons, rounded[origin.number]


def _read_kept(kept: Sequence[Kept], contract: Contract) -> tuple[Lines, list[Chunk]]:
    """Originals with one head made a file again and read: the line at which each begins, and the chunks."""
    first = kept[0]
    end = "\n".encode(first.encoding or "ascii")
    file = io.BytesIO()
    file.write(first.head)
    line = 1 + count_lines(first.head, first.encoding)
    starts: list[int] = []
    for each in kept:
        original = each.original if each.original.endswith((b"\n", b"\r", end)) else each.original + end
        file.write(original)
        starts.append(line)
        line += count_lines(original, first.encoding)
    file.seek(0)
    try:
        chunks = list(read(Plain(file), contract, again=first.again, encoding=first.encoding))
    except LakeError as error:
        log.warning("retry.unreadable source=%s why=%s", contract.name, error)
        chunks = []
    return np.array(starts), chunks


def _member_of(lines: Lines, starts: Lines) -> Lines:
    return np.maximum(np.searchsorted(starts, lines, "right") - 1, 0)
