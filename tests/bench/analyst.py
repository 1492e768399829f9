"""What analysts do with the portal: pages they open, and what they click there. Chance decides, the same every time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from random import Random
from typing import Literal

from websockets.exceptions import ConnectionClosed

from lake import builds
from lake.settings import LINES
from tests.bench.browser import Drawn, Tab, Value, Widget, tab

#: Pages and how often they are opened; one that the persona doesn't have is left out.
PAGES = {"": 3, "audio": 4, "dental": 4, "optical": 4, "childcare": 4, "finance": 4, "explore": 5, "catalogue": 2}

#: Who they are, one after the other.
ROLES = (
    "group-director",
    "audio-analyst",
    "dental-analyst",
    "finance-controller",
    "optical-analyst",
    "group-director",
    "childcare-analyst",
    "structure-director",
)

_SEARCHES = ("chiffre affaires", "taux", "rendez-vous", "occupation", "revenue", "marge", "margin rate", "sites")

#: A page opened; a filter, with which the whole page is asked anew; a choice, which concerns one part of it.
Kind = Literal["session", "page", "filter", "choice"]


@dataclass(frozen=True)
class Way:
    """Something that can be clicked: a widget by its key, and how a value for it is chosen."""

    kind: Kind
    key: str
    choose: Callable[[Widget, Random], Value]


@dataclass(frozen=True)
class Click:
    """One click, and what it brought."""

    page: str
    kind: Kind
    key: str
    drawn: Drawn


@dataclass(frozen=True)
class Pace:
    """Seconds between an answer and the next click, from `least` to `most`, and how long it all lasts."""

    least: float
    most: float
    lasts: float


async def work(address: str, number: int, pace: Pace, clicks: list[Click]) -> None:
    """Work as analyst `number` until the time is over; every click is added to `clicks`. A connection that breaks is an
    error, and the end of this analyst's work."""
    try:
        await _work(address, number, pace, clicks)
    except (ConnectionClosed, OSError) as error:
        clicks.append(Click("any", "session", "", Drawn(errors=[f"analyst {number}: {error}"])))


async def _work(address: str, number: int, pace: Pace, clicks: list[Click]) -> None:
    chance = Random(number)
    now = asyncio.get_running_loop().time
    end = now() + pace.lasts
    await asyncio.sleep(chance.uniform(0, max(1.0, pace.most)))
    async with tab(address) as portal:
        query = f"lang={('fr', 'en')[number % 2]}&as={ROLES[number % len(ROLES)]}"
        clicks.append(Click("home", "session", "", await portal.open(query=query)))
        pages = offered(portal)
        while now() < end:
            page = chance.choices(pages, [PAGES[p] for p in pages])[0]
            await asyncio.sleep(chance.uniform(pace.least, pace.most))
            clicks.append(Click(page or "home", "page", "", await portal.go(page)))
            for _ in range(chance.randint(2, 5)):
                possible = [way for way in ways(page) if way.key in portal.widgets]
                if not possible or now() >= end:
                    break
                await asyncio.sleep(chance.uniform(pace.least, pace.most))
                clicks.append(await click(portal, page, chance.choice(possible), chance))


def offered(portal: Tab) -> list[str]:
    """The pages that the persona has, without those of lines that nothing is published of: they are quick to say so."""
    return [p for p in PAGES if p in portal.pages and (p not in LINES or builds.published_id(p))]


async def click(portal: Tab, page: str, way: Way, chance: Random) -> Click:
    return Click(page, way.kind, way.key, await portal.set(way.key, way.choose(portal.widgets[way.key], chance)))


def ways(page: str) -> list[Way]:
    """What an analyst clicks on a page."""
    if page == "explore":
        return [
            Way("filter", "explore-show", partial(_some, most=3)),
            Way("filter", "explore-by", partial(_some, most=2)),
            Way("filter", "explore-grain", _one),
            Way("filter", "explore-period", partial(_one, first=4)),
            Way("filter", "explore-compare", partial(_one, first=3)),
            Way("filter", "explore-pick-structure_name", partial(_some, most=2)),
            Way("filter", "explore-pick-site_region", partial(_some, most=2)),
            Way("choice", "explore-chart", partial(_some, most=1)),
        ]
    if page == "finance":
        return [
            Way("filter", "finance-structures", partial(_some, most=3)),
            Way("filter", "finance-span", partial(_some, most=1)),
            Way("filter", "finance-month", partial(_one, first=24)),
            Way("choice", "finance-ratio", _one),
            Way("choice", "finance-line", _one),
        ]
    if page == "catalogue":
        return [
            Way("filter", "catalogue-search", lambda _, chance: chance.choice(_SEARCHES)),
            Way("filter", "catalogue-line", _one),
            Way("filter", "catalogue-kind", partial(_some, most=1)),
        ]
    if not page:
        return []
    return [
        Way("filter", f"{page}-period", _period),
        Way("filter", f"{page}-structures", partial(_some, most=3)),
        Way("choice", f"{page}-indicator", _one),
        Way("choice", f"{page}-grain", partial(_some, most=1)),
        Way("choice", f"{page}-level", partial(_some, most=1)),
    ]


def _one(widget: Widget, chance: Random, first: int | None = None) -> Value:
    """An option of the list, or of its first so many."""
    return chance.choice(widget.options[:first])


def _some(widget: Widget, chance: Random, most: int) -> Value:
    return chance.sample(widget.options, min(len(widget.options), chance.randint(1, most)))


def _period(widget: Widget, chance: Random) -> Value:
    """Whole days before the end of the period that the page began with, one month to a year."""
    end = date.fromisoformat(widget.message.default[-1])
    since = end - timedelta(days=chance.randint(30, 720))
    return [day.isoformat() for day in (since, min(end, since + timedelta(days=chance.randint(27, 364))))]
