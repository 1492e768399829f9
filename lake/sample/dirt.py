"""The dirt of real life, in known numbers: what is sent, in which file, in which state.

`plan` decides the fate of every row before anything is written: the deliveries (which state of which row goes out in
which period's file, whole or broken) and from them, by the lake's rules, what must be landed, unchanged, quarantined
and alive. The rules are restated here on row numbers alone, so that they check the pipeline and don't copy it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

#: States of a row: as first sent, corrected, back to what it was, deleted.
ORIGINAL, CORRECTED, RETURNED, DELETED = range(4)


@dataclass(frozen=True)
class Dirt:
    """Shares of rows (0–1) and chances per structure of each kind of dirt."""

    repeated: float = 0.004
    corrected: float = 0.010
    returned: float = 0.002
    deleted: float = 0.003
    broken: float = 0.003
    #: A broken row is the only one of its key (else it is a copy besides a good one).
    loses_rows: bool = True
    resent_renamed: float = 0.6
    resent_same: float = 0.3
    late: float = 0.5
    cut: float = 0.25
    wrong_encoding: float = 0.2
    #: A file that is sent again with what happened from this day on (since 1970).
    grows_from: int | None = None


#: For facts.
FULL = Dirt()
#: For rows that others refer to: nothing is deleted, no key is lost.
GENTLE = Dirt(deleted=0.0, loses_rows=False)
#: For sources whose files must be clean.
NONE = Dirt(0, 0, 0, 0, 0, False, 0, 0, 0, 0, 0)


#: What is counted where a file's name has such a tag.
_TAGS = {"retard": "late_files", "bis": "resent_files", "complet": "completed_files", "suite": "grown_files"}


@dataclass
class Parcel:
    """One file to write: rows in order, as indices into the deliveries' columns.

    `cut_after`: only so many rows, then the start of the next one. `is_utf16`: written in an encoding that the
    contract does not know. `is_resent`: sent a second time, same name and bytes, in another folder.
    """

    period: int
    tag: str
    rows: Ints
    cut_after: int | None = None
    is_utf16: bool = False
    is_resent: bool = False

    @property
    def sent(self) -> Ints:
        """The rows that the file shows, the torn one included."""
        return self.rows if self.cut_after is None else self.rows[: self.cut_after + 1]


@dataclass
class Plan:
    """All deliveries of one source by one structure.

    Columns, one element a delivery: `row`, `state`, `broken` (0, or 1 + which way). `when` is the day of the state.
    `parcels` refer to them. `final` is the state in which each row ends, -1 for gone.
    """

    row: Ints
    state: Ints
    when: Ints
    broken: Ints
    parcels: list[Parcel]
    final: Ints
    read: int = 0
    landed: int = 0
    unchanged: int = 0
    quarantined: int = 0
    dirt: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Can:
    """What a contract and format allow."""

    order_by_landing: bool
    correct: bool
    delete: bool
    breaks: int
    rename: bool
    cut: bool
    wrong_encoding: bool


def plan(
    rng: np.random.Generator,
    days: Ints,
    period_of: Callable[[Ints], Ints],
    last_day: int,
    step: int,
    can: Can,
    dirt: Dirt,
) -> Plan:
    """Decide the fate of rows.

    Args:
        days: day of each row's first state (since 1970); later states follow, most within 70 days, the others within a
            year, up to `last_day`.
        period_of: the period (file) in which what happened on these days is delivered.
        step: how much later in periods a late file is delivered; 0 when all goes into one file.
    """
    dirt = _within(dirt, can)
    n = len(days)
    luck = rng.random(n)
    delay = np.where(rng.random(n) < 0.8, rng.integers(2, 40, n), rng.integers(40, 360, n))
    early = days + delay + 30 <= last_day
    steps = np.cumsum([dirt.corrected, dirt.returned, dirt.deleted, dirt.broken if dirt.loses_rows else 0.0])
    is_returned = (luck >= steps[0]) & (luck < steps[1]) & early
    is_corrected = ((luck < steps[0]) & early) | is_returned
    is_deleted = (luck >= steps[1]) & (luck < steps[2]) & early
    is_lost = (luck >= steps[2]) & (luck < steps[3])

    def later(chosen: npt.NDArray[np.bool_], state: int, gap: int) -> Ints:
        mine = np.flatnonzero(chosen)
        return _sent(mine, np.full_like(mine, state), days[mine] + delay[mine] + gap)

    first = _sent(np.arange(n), np.full(n, ORIGINAL), days)
    first[3] = np.where(is_lost, 1 + rng.integers(0, max(can.breaks, 1), n), 0)
    sent = np.hstack(
        [first, later(is_corrected, CORRECTED, 0), later(is_returned, RETURNED, 15), later(is_deleted, DELETED, 9)]
    )
    copies = np.flatnonzero((rng.random(sent.shape[1]) < dirt.repeated) & (sent[3] == 0))
    spoilt = first[:, rng.random(n) < (0.0 if dirt.loses_rows else dirt.broken)]
    spoilt[3] = 1 + rng.integers(0, max(can.breaks, 1), spoilt.shape[1])
    sent = np.hstack([sent, sent[:, copies], spoilt])
    row, state, when, broken = sent[:, np.lexsort((sent[1], sent[0], sent[2]))]
    parcels = _parcels(rng, period_of(when), step, dirt)
    if dirt.grows_from is not None:
        so_far = int(np.searchsorted(when, dirt.grows_from))
        if 0 < so_far < len(when):
            parcels.append(replace(parcels[-1], tag="suite"))
            parcels[-2].rows = parcels[-1].rows[:so_far]
    result = Plan(row, state, when, broken, parcels, np.full(n, -1))
    result.dirt.update(
        repeated=len(copies),
        corrected=int((is_corrected & ~is_returned).sum()),
        returned=int(is_returned.sum()),
        deleted=int(is_deleted.sum()),
        broken=int((broken > 0).sum()),
    )
    _expect(result, can)
    return result


def _sent(row: Ints, state: Ints, when: Ints) -> Ints:
    """Deliveries of whole rows: one column each of row, state, day, way of breaking (0)."""
    return np.vstack([row, state, when, np.zeros_like(row)])


def _within(dirt: Dirt, can: Can) -> Dirt:
    """The dirt that contract and format allow."""
    return replace(
        dirt,
        corrected=dirt.corrected if can.correct else 0.0,
        returned=dirt.returned if can.correct else 0.0,
        deleted=dirt.deleted if can.delete else 0.0,
        broken=dirt.broken if can.breaks else 0.0,
        resent_renamed=dirt.resent_renamed if can.rename else 0.0,
        late=dirt.late if can.rename and not can.order_by_landing else 0.0,
        cut=dirt.cut if can.rename and can.cut else 0.0,
        wrong_encoding=dirt.wrong_encoding if can.rename and can.wrong_encoding else 0.0,
    )


def _parcels(rng: np.random.Generator, period: Ints, step: int, dirt: Dirt) -> list[Parcel]:
    """Files in the order of their names: by period, then the plain one, then tags by the alphabet."""
    chances = rng.random(5)
    starts = np.flatnonzero(period[1:] != period[:-1]) + 1
    plain = [Parcel(int(period[rows[0]]), "", rows) for rows in np.split(np.arange(len(period)), starts) if len(rows)]
    usual = np.median([len(p.rows) for p in plain]) if plain else 0
    spare: list[int] = [
        i for i in rng.permutation(len(plain)).tolist() if len(plain[i].rows) <= usual
    ]  # no file of a whole year
    parcels = list(plain)

    def pick(chance: float, share: float, fits: int = 1) -> Parcel | None:
        if chance >= share:
            return None
        found = next((i for i in spare if len(plain[i].rows) >= fits), None)
        if found is None:
            return None
        spare.remove(found)
        return plain[found]

    last = plain[-1].period if plain else 0
    if step and (parcel := pick(chances[0], dirt.late)) is not None and parcel.period + step <= last:
        parcel.period, parcel.tag = parcel.period + step, "retard"
    if (parcel := pick(chances[1], dirt.resent_renamed)) is not None:
        parcels.append(Parcel(parcel.period, "bis", parcel.rows))
    if (parcel := pick(chances[2], dirt.cut, fits=4)) is not None:
        parcel.cut_after = len(parcel.rows) // 2
        parcels.append(Parcel(parcel.period, "complet", parcel.rows))
    if (parcel := pick(chances[3], dirt.wrong_encoding)) is not None:
        parcel.is_utf16 = True
        parcels.append(Parcel(parcel.period, "complet", parcel.rows))
    if (parcel := pick(chances[4], dirt.resent_same)) is not None:
        parcel.is_resent = True
    return sorted(parcels, key=lambda p: (p.period, p.tag))


def _expect(plan: Plan, can: Can) -> None:
    """Count what landing must count and the state in which every row ends."""
    sent, good = [], []
    for parcel in plan.parcels:
        rows = parcel.sent
        fine = (plan.broken[rows] == 0) & (not parcel.is_utf16)
        if parcel.cut_after is not None:
            fine[-1] = False
        sent.append(rows)
        good.append(fine)
        if parcel.tag:
            plan.dirt[_TAGS[parcel.tag]] += 1
        plan.dirt["cut_files"] += parcel.cut_after is not None
        plan.dirt["wrong_encoding_files"] += parcel.is_utf16
    rows, fine = np.concatenate(sent), np.concatenate(good)
    plan.read, plan.quarantined = len(rows), int((~fine).sum())
    rows = rows[fine]
    if not len(rows):
        return
    grown = sum(parcel.tag == "suite" for parcel in plan.parcels)  # the last line of before is the last no more
    key, state = plan.row[rows], plan.state[rows]
    order = np.zeros(len(rows), np.int64) if can.order_by_landing else plan.when[rows] * 4 + state
    content = np.where((state == RETURNED) & (not can.delete), ORIGINAL, state)
    arrival = np.lexsort((np.arange(len(rows)), order, key))
    k, o, c = key[arrival], order[arrival], content[arrival]
    same = np.r_[False, (k[1:] == k[:-1]) & (o[1:] == o[:-1]) & (c[1:] == c[:-1])]
    plan.unchanged = int(same.sum()) - grown
    plan.landed = len(rows) - plan.unchanged
    is_last = np.r_[k[1:] != k[:-1], True]
    ends = state[arrival][is_last]
    plan.final[k[is_last]] = np.where(ends == DELETED, -1, ends)
