"""What a delivery says of the scopes that it is the whole of, seen before anything of it is written: see `WholeOf`.

A delivery speaks of a scope if one of its rows lands there and its name says no other. A key whose row was refused is
still there. What is doubtful waits for a person: nothing of the delivery is visible before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as changed
from typing import Literal

import numpy as np
import pyarrow as pa

from lake.contracts import Contract
from lake.land.pieces import Failure, Piece, check_pieces
from lake.store import Batch, KeySet, Scope, Standing, row_scopes
from lake.store.versions import key_ids, order_values
from lake.vault import Vault

#: Groups of a file's name that tell deliveries of one scope apart by age, if they are no part of the scope.
_DATES = ("date", "month", "year")


@dataclass(frozen=True)
class Doubt:
    """Why a delivery waits for a person.

    `withdraws`: it would take away `count` of the `of` records of `scope` · `unread`: `count` of its rows have no key
    that can be read, so nobody can tell whether `of` records are gone · `older`: the lake knows something newer, of
    `scope` or by the name of the file `newer` · `refused`: `count` of its `of` rows are refused, most for `reason`.
    """

    kind: Literal["withdraws", "unread", "older", "refused"]
    scope: str = ""
    count: int = 0
    of: int = 0
    newer: str = ""
    reason: str = ""

    def __str__(self) -> str:
        where = f" of {self.scope}" if self.scope else ""
        match self.kind:
            case "withdraws":
                return f"it would take away {self.count:,} of the {self.of:,} records{where}"
            case "unread":
                return (
                    f"{self.count:,} of its rows have no key that can be read: {self.of:,} records{where} may be gone"
                )
            case "older":
                return f"the lake knows something newer{where}{f': {self.newer}' if self.newer else ''}"
            case "refused":
                return f"{self.count:,} of its {self.of:,} rows are refused ({self.reason})"


@dataclass(frozen=True)
class Statement:
    """What a delivery is the whole of, how that stands in the lake, and what is doubtful about it.

    `order` is the delivery's greatest order value in each scope.
    """

    standings: Mapping[Scope, Standing]
    order: Mapping[Scope, int]
    doubts: tuple[Doubt, ...]


class Survey:
    """The rows of one delivery, as they are read."""

    def __init__(self, contract: Contract, keys: Vault, named: Mapping[str, str]) -> None:
        self._contract = contract
        self._vault = keys
        self._named = named
        self._held: dict[Scope, KeySet] = {}
        self._order: dict[Scope, int] = {}
        self._refused = KeySet()
        self._keyless = 0
        self._accepted = 0
        self._reasons: Counter[str] = Counter()
        self._failures = 0

    def add(self, table: pa.Table, failures: Sequence[Failure]) -> None:
        """Some checked rows."""
        self._accepted += table.num_rows
        self._failures += len(failures)
        for failure in failures:
            self._reasons.update(failure.reasons)
        self._add_refused(failures)
        if not table.num_rows:
            return
        table = table.select(self._contract.arrow_schema.names).combine_chunks()
        ids, order = key_ids(table, self._contract), order_values(table, self._contract)
        rows: dict[Scope, list[int]] = {}
        for row, scope in enumerate(row_scopes(table, self._contract)):
            rows.setdefault(scope, []).append(row)
        for scope in filter(self._is_named, rows):
            self._held.setdefault(scope, KeySet()).add(ids[rows[scope]])
            self._order[scope] = max(int(order[rows[scope]].max()), self._order.get(scope, int(order[rows[scope]][0])))

    def statement(self, batch: Batch, files: Iterable[tuple[str, Mapping[str, str]]], *, is_whole: bool) -> Statement:
        """What the delivery says.

        Args:
            batch: That it is to land in.
            files: Names of the source's files that the lake has, and what they say.
            is_whole: It did not break off: else it is not the whole of anything.
        """
        standings = {}
        for scope, held in self._held.items() if is_whole else ():
            for _, _, keys in self._refused.parts():
                held.add_digests(keys)
            standings[scope] = batch.standing(scope, held)
        doubts = [*self._doubts_of_rows(standings.values()), *(self._doubts_of_age(files) if standings else ())]
        for scope, each in standings.items():
            doubts += self._doubts(scope, each)
        return Statement(standings, self._order, tuple(doubts))

    def _doubts_of_rows(self, standings: Iterable[Standing]) -> Iterable[Doubt]:
        """Most rows are refused, of a whole table or of one in the place of what the lake has."""
        assert self._contract.whole_of is not None
        is_version = self._failures > self._contract.whole_of.floor or any(each.live for each in standings)
        if 0 < self._accepted < self._failures and is_version:
            reason = self._reasons.most_common(1)[0][0]
            yield Doubt("refused", count=self._failures, of=self._accepted + self._failures, reason=reason)

    def _doubts_of_age(self, files: Iterable[tuple[str, Mapping[str, str]]]) -> Iterable[Doubt]:
        """A file whose name says an earlier day, month or year than one that landed."""
        assert self._contract.whole_of is not None
        units = {part.unit or part.field for part in self._contract.whole_of.scope}
        told = next((group for group in _DATES if group in self._named and group not in units), None)
        if told is None:
            return
        newer = max(((named[told], name) for name, named in files if told in named), default=("", ""))
        if newer[0] > self._named[told]:
            yield Doubt("older", newer=newer[1])

    def _doubts(self, scope: Scope, its: Standing) -> Iterable[Doubt]:
        assert self._contract.whole_of is not None
        rule, shown, gone = self._contract.whole_of, " ".join(map(str, scope)), its.absent.count
        if its.newest is not None and self._order[scope] < its.newest and (gone or its.unknown):
            yield Doubt("older", shown)
        if gone and self._keyless:
            yield Doubt("unread", shown, self._keyless, gone)
        if gone > rule.share * its.live and (gone > rule.floor or 2 * gone > its.live):
            yield Doubt("withdraws", shown, gone, its.live)

    def _is_named(self, scope: Scope) -> bool:
        """Whether the file's name says this scope, as far as it says any."""
        assert self._contract.whole_of is not None
        for part, value in zip(self._contract.whole_of.scope, scope, strict=True):
            if part.unit is None:
                said = self._named.get(self._contract.field(part.field).from_file or part.field)
            else:
                month = self._named.get("month")
                said = month if part.unit == "month" else self._named.get("year", month and month[:4])
            if said is not None and said.casefold() != str(value).casefold():
                return False
        return True

    def _add_refused(self, failures: Sequence[Failure]) -> None:
        """The keys of refused rows, as far as they can be read."""
        essential = tuple(changed(f, required=True) for f in self._contract.key)
        alone = changed(
            self._contract, fields=essential, version_order="landing", deletion_field=None, deletion_value=None
        )
        by_piece: dict[int, tuple[Piece, list[int]]] = {}
        for failure in failures:
            if failure.row is None:
                self._keyless += 1
            else:
                by_piece.setdefault(id(failure.piece), (failure.piece, []))[1].append(failure.row)
        if not by_piece:
            return
        pieces = []
        for piece, rows in by_piece.values():
            chunk = changed(piece.chunk, table=piece.chunk.table.take(rows), broken=())
            pieces.append(changed(piece, chunk=chunk, lines=np.asarray(piece.lines)[rows]))
        table, unread, _ = check_pieces(pieces, alone, self._vault)
        self._keyless += len(unread)
        if table.num_rows:
            self._refused.add(key_ids(table, self._contract))
