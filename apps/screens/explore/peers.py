"""The internal benchmark of a view: where its rows stand in the group, drawn and in words; or why nobody may know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from apps.cases import ENOUGH, is_few
from apps.numbers import figure
from apps.screens.explore import shape
from apps.screens.explore.data import View
from apps.screens.explore.drawing import MEMBER, Plot
from apps.screens.explore.state import TIME
from apps.screens.explore.table import Words
from apps.session import Session
from apps.words import escaped, say
from lake.semantic import Column, Indicator, Note

#: Rows that are told one by one.
_TOLD = 3

_PARTS = ("q1", "median", "q3", "rank", "peers")

#: What the table shows of them, beside the figure.
_SHOWN = ("rank", "q1", "median", "q3")


@dataclass(frozen=True)
class Standing:
    """Where one row stands: its figure, the group's quartiles, and its rank among `of`, itself counted.

    `member` is what it is called, `on` its period where the view has some; `is_few`: it stands on few cases.
    """

    member: str
    on: date | None
    value: float
    q1: float
    median: float
    q3: float
    rank: int
    of: int
    is_few: bool = False

    @property
    def side(self) -> str:
        """Above, inside or below the middle half of the group."""
        return "above" if self.value > self.q3 else "below" if self.value < self.q1 else "inside"


def members(view: View, words: Words) -> list[str]:
    """What each row is called, but for its period: by its dimensions, and by its code where two have one name."""
    dimensions = view.state.by
    rows = view.main.table.to_pylist()
    own = say("explore.peers.own", words.language)
    said = [" · ".join(words.member(d, row[d]) for d in dimensions) or own for row in rows]
    place = shape.place(view.state)
    if place is None or place not in view.main.table.column_names:
        return said
    codes: dict[str, set[Any]] = {}
    for name, row in zip(said, rows, strict=True):
        codes.setdefault(name, set()).add(row[place])
    return [n if len(codes[n]) == 1 else f"{n} ({row[place]})" for n, row in zip(said, rows, strict=True)]


def standings(view: View, words: Words) -> dict[str, list[Standing]]:
    """By indicator, where the rows stand, in their order; those without a figure or enough peers are left out."""
    rows = list(zip(members(view, words), view.main.table.to_pylist(), strict=True))
    return {metric: _standings(view, rows, metric) for metric in view.state.show}


def _standings(view: View, rows: Sequence[tuple[str, Mapping[str, Any]]], metric: str) -> list[Standing]:
    found = []
    for member, row in rows:
        parts = {part: row[f"{metric}__benchmark_{part}"] for part in _PARTS}
        if row[metric] is None or any(value is None for value in parts.values()):
            continue
        quartiles = (float(parts["q1"]), float(parts["median"]), float(parts["q3"]))
        rank, of = parts["rank"], parts["peers"] + 1
        few = is_few(view.cases_of(metric, row))
        found.append(Standing(member, row.get(TIME), float(row[metric]), *quartiles, rank, of, few))
    return found


def plot(view: View, words: Words, metric: Column, found: Sequence[Standing]) -> tuple[Plot, int]:
    """The chart of an indicator's standings, and how many members were left out of it: those in the middle, since the
    question is who stands at either end."""
    last = max((one.on for one in found if one.on), default=None)
    ranked = sorted(found, key=lambda one: (one.on != last, one.rank))
    members = list(dict.fromkeys(one.member for one in ranked))
    shown = _ends(members, shape.MOST_LINES if view.state.grain else shape.MOST_BARS)
    kept, left = [one for one in found if one.member in shown], len(members) - len(shown)
    few = "" if all(one.is_few for one in kept) else say("explore.peers.few", words.language)
    data = [
        {
            **({"time": pd.Timestamp(one.on)} if one.on else {}),
            MEMBER: one.member,
            "value": one.value,
            "q1": one.q1,
            "median": one.median,
            "q3": one.q3,
            "rank": say("explore.peers.rank", words.language, rank=one.rank, of=one.of)
            + (f" · {few}" if one.is_few and few else ""),
        }
        for one in kept
    ]
    return Plot(pd.DataFrame(data), (metric.unit,), (words.label(metric),), view.state.grain), left


def _ends(members: Sequence[str], most: int) -> set[str]:
    """The first and the last half of what can be shown."""
    return set(members if len(members) <= most else (*members[: most // 2], *members[-(most - most // 2) :]))


def reasons(view: View) -> tuple[Note, ...]:
    """Why there is no benchmark, where there is none: what the semantic layer says of it."""
    return tuple(n for n in view.main.notes if n.comparison == "benchmark")


def sentences(view: View, words: Words, unit: str, found: Sequence[Standing]) -> list[str]:
    """Where the rows stand, in words: the last period's where there are some; one by one when they are few."""
    language = words.language
    last = max((one.on for one in found if one.on), default=None)
    told = sorted((one for one in found if one.on == last), key=lambda one: one.rank)
    said = []
    if len(told) <= _TOLD:
        for one in told:
            q1, q3 = (figure(q, unit, language) for q in (one.q1, one.q3))
            value = figure(one.value, unit, language)
            where = say(f"explore.peers.side.{one.side}", language, q1=q1, q3=q3)
            rank = say("explore.peers.rank", language, rank=one.rank, of=one.of)
            said.append(
                say("explore.peers.one", language, name=escaped(one.member), value=value, rank=rank, where=where)
            )
    else:
        sure = [one for one in told if not one.is_few] or told
        counts = {side: sum(one.side == side for one in told) for side in ("above", "inside", "below")}
        ends = [
            say("explore.peers.end", language, name=escaped(one.member), rank=one.rank, of=one.of)
            for one in (sure[0], sure[-1])
        ]
        said.append(say("explore.peers.many", language, first=ends[0], last=ends[1], **counts))
    if few := sum(one.is_few for one in told):
        said.append(say("explore.peers.on_few", language, few=few, of=len(told), n=ENOUGH))
    if last is not None and said:
        said[0] = words.pair(f"**{words.member(TIME, last)}**", said[0])
    return said


def draw_reason(view: View, words: Words, metric: Column) -> None:
    """The designed state of a benchmark that there can't be."""
    language = words.language
    with st.container(border=True):
        title = say("explore.peers.none", language, label=escaped(words.label(metric)))
        st.markdown(f"##### :material/visibility_off: {title}")
        for note in reasons(view):
            st.caption(escaped(note.text(language)))


def draw_how(session: Session, indicator: Indicator) -> None:
    """How the drawing is read, and what the first rank means."""
    language = session.language
    said = [say("explore.peers.how", language), say(f"explore.peers.first.{indicator.direction}", language)]
    if not session.sees_every_structure:
        said.append(say("explore.peers.smoothed", language))
    st.caption(" ".join(said))


def headings(view: View, titles: Mapping[str, str], words: Words) -> tuple[list[str], dict[str, str]]:
    """The figures' columns in the order of the screen, and short titles that leave room for the figures.

    The rank stands beside the figure. The table does without the number of peers, which the words tell, and without
    what nobody may know.

    Args:
        titles: by column, what the table calls it.
    """
    order: list[str] = []
    short: dict[str, str] = {}
    for metric in view.state.show:
        of = [c for c in view.values if c.of == metric]
        parts = {c.name.rpartition("_")[2]: c for c in of if c.comparison == "benchmark"}
        known = [c for part in _SHOWN if (c := parts.get(part)) and not _is_empty(view, c)]
        order += [titles[metric], *(titles[c.name] for c in (*known, *(c for c in of if c not in parts.values())))]
        for column in known:
            part = say(f"explore.peers.columns.{column.name.rpartition('_')[2]}", words.language)
            short[titles[column.name]] = part if len(view.state.show) == 1 else f"{titles[metric]} · {part}"
    return order, short


def _is_empty(view: View, column: Column) -> bool:
    return bool(view.main.table.column(column.name).null_count == view.main.table.num_rows)
