"""Rows in quarantine, replaced by a corrected file: each that it holds is closed, and the others stay."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import replace as changed

import numpy as np

from lake.access import Scope
from lake.contracts import Contract, broken, catalogue
from lake.errors import ReadError
from lake.land import Landing
from lake.land.deliveries import Delivery, deliveries
from lake.land.originals import originals, slices
from lake.land.pieces import Piece, check_pieces
from lake.land.recognise import Recognised, from_name, recognise
from lake.land.report import FileReport
from lake.land.retry import read_again
from lake.readers import read
from lake.readers.columns import FILE_HEADER, LINE_HEADER
from lake.store import Batch, FileRecord, Store
from lake.store.versions import key_ids
from lake.vault import Vault, check_keys

log = logging.getLogger(__name__)

#: A natural key, as a digest.
_Key = tuple[int, ...]


@dataclass(frozen=True)
class Replaced:
    """What a corrected file did: its own report, and how many rows of the file it replaces left the quarantine."""

    report: FileReport
    instead_of: FileRecord
    closed: int
    left: int


@dataclass(frozen=True)
class _Waiting:
    """Rows in quarantine of one file, by id: those that the corrected file holds, those that it does not, and those
    whose key can't be read, so that nobody can tell."""

    held: tuple[str, ...]
    missing: tuple[str, ...]
    keyless: tuple[str, ...]

    def covered(self, report: FileReport) -> tuple[str, ...]:
        """Those that the corrected file brings. Rows without a key can only be counted: there must be as many that
        the lake did not have."""
        spare = report.landed + report.quarantined - len(self.held)
        return (*self.held, *self.keyless) if spare >= len(self.keyless) else self.held

    @property
    def ids(self) -> tuple[str, ...]:
        return (*self.held, *self.missing, *self.keyless)


def replace(
    store: Store,
    keys: Vault,
    path: str,
    *,
    scope: Scope,
    instead_of: int | None = None,
    force: bool = False,
    contracts: Mapping[str, Contract] | None = None,
) -> Replaced:
    """Land a corrected file and close the rows in quarantine that it replaces, in one commit.

    It must be of the source of the file it replaces, and its name must tell the same: structure, month, ….

    Args:
        store: The lake.
        keys: Of pseudonyms and quarantine.
        path: The corrected file.
        scope: Who does it, as which role.
        instead_of: Ledger number of the file replaced; by default the one of the same name that has rows in quarantine.
        force: Take a file whose name tells otherwise, and close rows that it does not hold too. The batch records it.
        contracts: By source; those of the package by default.

    Raises:
        AccessDenied: the role may not work on the quarantine of the line of one of both files.
        ReadError: the file can't be landed, which file it replaces is not clear, or it does not replace it.
    """
    scope.require("quarantine")
    check_keys(store, keys)
    known = contracts or catalogue()
    given = list(deliveries([path]))
    if len(given) != 1:
        raise ReadError(f"{path} is {len(given)} files.", remedy="Give the corrected file itself.")
    recognised = recognise(given[0], known, broken=() if contracts else broken())
    source = recognised.contract
    scope.require("quarantine", source.line)
    with store.lease(f"land:{source.name}"):
        original = _original(store, scope, known, recognised, given[0].name, instead_of)
        if not force:
            _same_place_and_time(recognised, given[0].name, original)
        waiting = _waiting(store, keys, given[0], recognised, original)
        closed: list[str] = []

        def close(batch: Batch, report: FileReport) -> None:
            closed.extend(waiting.covered(report))
            if not closed and not force:
                raise _nothing_closed(given[0].name, original)
            batch.release(closed)
            if force and (rest := [id for id in waiting.ids if id not in set(closed)]):
                log.warning("replace.forced source=%s file=%d rows=%d", source.name, original.number, len(rest))
                batch.release(rest, forced_by=scope.signature)
                closed.extend(rest)

        landing = Landing(store, source, keys, lambda size, rows: None)
        (report,) = landing.land([(given[0], recognised.named)], before_commit=close)
    if report.status != "landed":
        raise ReadError(f"{path}: {report.why}.", remedy="The rows it should replace stay in quarantine.")
    return Replaced(report, original, len(closed), len(waiting.ids) - len(closed))


def _original(
    store: Store, scope: Scope, known: Mapping[str, Contract], new: Recognised, name: str, number: int | None
) -> FileRecord:
    source = new.contract.name
    files = store.files(source if number is None else None)
    chosen = [f for f in files if f.quarantined and (f.number == number if number is not None else f.name == name)]
    if len(chosen) != 1:
        waiting = [f for f in files if f.quarantined and f.source == source]
        listed = ", ".join(f"{f.number} ({f.name})" for f in waiting[:10]) or "none"
        raise ReadError(
            f"Which file does {name} replace? {len(chosen)} files of {source} in quarantine fit.",
            remedy=f"Say its number with --replaces. Files of {source} with rows in quarantine: {listed}.",
        )
    (original,) = chosen
    if original.source != source:
        scope.require("quarantine", known[original.source].line if original.source in known else None)
        raise ReadError(
            f"{name} is of {source} and can't replace file {original.number} ({original.name}), of {original.source}.",
            remedy="Give the corrected file of the same source, or land this one with 'lake land'.",
        )
    return original


def _same_place_and_time(new: Recognised, name: str, original: FileRecord) -> None:
    """Names tell the same structure, month, …

    Raises:
        ReadError: they don't.
    """
    before = from_name(new.contract, original.name) or {}
    differ = [
        f"{group} {new.named.get(group, 'none')} instead of {before.get(group, 'none')}"
        for group in dict.fromkeys((*before, *new.named))
        if before.get(group, "").casefold() != new.named.get(group, "").casefold()
    ]
    if differ:
        raise ReadError(
            f"{name} can't replace file {original.number} ({original.name}): its name tells {', '.join(differ)}.",
            remedy="Give that file's correction, or land this one with 'lake land'. If that file had a wrong name: "
            "--force.",
        )


def _nothing_closed(name: str, original: FileRecord) -> ReadError:
    return ReadError(
        f"{name} holds none of the rows in quarantine of file {original.number} ({original.name}).",
        remedy="Give a file that holds them, or land this one with 'lake land'. --force closes them though they never "
        "land, and records who did.",
    )


def _waiting(store: Store, keys: Vault, delivery: Delivery, new: Recognised, original: FileRecord) -> _Waiting:
    """The rows that wait, told apart by whether their key is in the corrected file."""
    ids = [held.id for held in store.quarantine.each(original.source, file=original.number)]
    keyed = _key_alone(new.contract)
    if keyed is None:
        return _Waiting((), (), tuple(ids))
    key_of: dict[str, _Key] = {}
    for entries in slices(store.quarantine.each(original.source, file=original.number)):
        table, passed, *_ = read_again(entries, [*originals(store, keys, entries)], original, keyed, keys)
        if passed:
            key_of |= zip(passed, key_ids(table, keyed).tolist(), strict=True)
    wanted = set(key_of.values())
    found = {key for key in _keys(delivery, new, keyed, keys) if key in wanted} if wanted else set()
    return _Waiting(
        tuple(id for id in ids if key_of.get(id) in found),
        tuple(id for id in ids if id in key_of and key_of[id] not in found),
        tuple(id for id in ids if id not in key_of),
    )


def _key_alone(contract: Contract) -> Contract | None:
    """The contract with the natural key for all its fields; None if a row's place in its file is part of the key."""
    if any(f.header in (LINE_HEADER, FILE_HEADER) for f in contract.key):
        return None
    fields = tuple(changed(f, required=True) for f in contract.key)
    return changed(contract, fields=fields, version_order="landing", deletion_field=None, deletion_value=None)


def _keys(delivery: Delivery, new: Recognised, keyed: Contract, keys: Vault) -> Iterator[_Key]:
    """Of every row of the corrected file whose key can be read, whatever else is wrong with it."""
    with contextlib.closing(delivery.open()) as stream:
        for chunk in read(stream, keyed):
            piece = Piece(changed(chunk, broken=()), 0, delivery.name, new.named, np.asarray(chunk.lines))
            table = check_pieces([piece], keyed, keys).table
            if table.num_rows:
                yield from key_ids(table, keyed).tolist()
