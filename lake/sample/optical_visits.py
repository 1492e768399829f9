"""Visits to an optical shop: who came, when, for what, and what they decided."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from lake.sample.columns import Days, Ints, Mask, Strings, even, pick
from lake.sample.days import NEVER, happened, next_open, until
from lake.sample.people import YEAR
from lake.sample.world import Floats, Tenure, World

#: Days after which a buyer comes back at the soonest.
_SOONEST = 400
#: Days before the data of a shop begin from which it has quotes and claims without an answer.
_LEAD = 130

DESIGNS = ("single_vision", "mid_distance", "progressive")
STAGES = ("drawn_up", "cover_asked", "cover_answered", "decided")
OUTCOMES = ("pending", "sold", "refused", "expired")


@dataclass(frozen=True)
class Visits:
    """One row per visit; arrays of the same length. A day that never comes is NaT; `last` is the shop's last day.

    `design`, `outcome` and `stage` are positions in `DESIGNS`, `OUTCOMES`, `STAGES`.
    """

    site: Strings
    who: Ints
    person: Strings
    optician: Strings
    quoted: Days
    decided: Days
    sold: Days
    last: Days
    outcome: Ints
    stage: Ints
    design: Ints
    has_quote: Mask
    is_contact: Mask
    is_lens_a: Mask
    is_frame_a: Mask
    is_third_party: Mask

    def take(self, index: Ints) -> Visits:
        return Visits(**{f.name: getattr(self, f.name)[index] for f in fields(self)})

    @classmethod
    def join(cls, parts: list[Visits]) -> Visits:
        return cls(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)})


def visits(world: World, rng: np.random.Generator, tenure: Tenure, last: np.datetime64) -> list[Visits]:
    """Visits to one shop during one tenure. Among those who come are the buyers of two to three years before."""
    quoted = world.days(rng, tenure, before=_LEAD)
    who = world.draw_people(rng, tenure, quoted, ages=(6, 95))
    is_loyal = np.zeros(len(quoted), bool)
    is_known = rng.random(len(quoted)) < 0.35 * (
        quoted < np.datetime64(tenure.site.joined_on) + 850
    )  # buyers of before
    parts: list[Visits] = []
    for start in np.arange(world.first_day - _LEAD, world.last_day + 1, _SOONEST):
        mine = np.flatnonzero((quoted >= start) & (quoted < start + _SOONEST))
        part = _decided(
            world, rng, tenure, quoted[mine], who[mine], last, np.where(is_loyal[mine] | is_known[mine], 0.25, 0.0)
        )
        parts.append(part)
        buyers = np.flatnonzero(happened(part.sold) & ~part.is_contact & (rng.random(len(mine)) < 0.66))
        wait = np.maximum(rng.normal(850, 170, len(buyers)).astype(np.int64), _SOONEST)
        again = part.sold[buyers] + wait
        order = np.argsort(again, kind="stable")
        # Each takes the place of the first visit from that day on that is not taken yet, if there is one.
        free = np.flatnonzero(~is_loyal & (quoted >= start + _SOONEST))
        wanted = np.searchsorted(quoted[free], again[order])
        place = (
            np.maximum.accumulate(wanted - np.arange(len(wanted))) + np.arange(len(wanted)) if len(wanted) else wanted
        )
        fits = place < len(free)
        chosen = free[place[fits]]
        who[chosen], is_loyal[chosen] = part.who[buyers[order[fits]]], True
    return parts


def _decided(world: World, rng: np.random.Generator, tenure: Tenure, quoted: Days, who: Ints, last: np.datetime64,
             loyalty: Floats) -> Visits:  # fmt: skip
    """What is quoted on these days to these people, and what becomes of it."""
    count = len(quoted)
    age = (quoted - world.people.birth[who]).astype(np.int64) / YEAR
    is_contact = (age > 14) & (rng.random(count) < 0.1)
    is_progressive = even(rng, count) < np.clip((age - 40) / 14, 0.01, 0.86)
    design = np.where(is_progressive, 2, np.where(rng.random(count) < 0.04, 1, 0))
    # Class B, class A lenses only, class A frame only, both of class A.
    basket = pick(rng, count, (0.79, 0.06, 0.04, 0.11), block=24)
    basket[rng.random(count) >= world.reform("optical", quoted)] = 0
    is_lens_a, is_frame_a = np.isin(basket, (1, 3)), np.isin(basket, (2, 3))
    has_quote = ~is_contact | (rng.random(count) < 0.4)

    buys = even(rng, count) < np.clip(0.62 + loyalty + 0.14 * is_lens_a, 0, 0.97)
    refuses = rng.random(count) < 0.45
    stage = np.where(buys | refuses, 3, pick(rng, count, (0.42, 0.26, 0.32)))
    delay = np.where(buys, rng.integers(0, 18, count), np.where(refuses, rng.integers(1, 35, count), 90))
    delay = np.where(has_quote, delay, 0)
    ends = np.full(count, last)
    decided = next_open(world, "optical", quoted + delay)
    cut_short = (decided > last) & (last < world.last_day)  # the shop closes, or goes to another structure
    decided = np.where(cut_short, last, until(decided, ends))
    is_pending = ~happened(decided)
    outcome = np.where(is_pending, 0, np.where(buys | ~has_quote, 1, np.where(refuses, 2, 3)))
    outcome[cut_short] = 3
    sold = decided.copy()
    sold[outcome != 1] = NEVER
    return Visits(
        site=np.full(count, tenure.site.site_id),
        who=who,
        person=world.people.number[who],
        optician=np.char.add("OPT", rng.integers(1, max(tenure.capacity, 1) + 1, count).astype(np.str_)),
        quoted=quoted,
        decided=decided,
        sold=sold,
        last=ends,
        outcome=outcome,
        stage=np.where(is_pending | cut_short, np.minimum(stage, 2), stage),
        design=design,
        has_quote=has_quote,
        is_contact=is_contact,
        is_lens_a=is_lens_a,
        is_frame_a=is_frame_a,
        is_third_party=even(rng, count) < np.where(is_contact, 0.3, 0.76),
    )
