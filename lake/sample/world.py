"""The imaginary group: structures, sites, people and calendar, the same for every line that writes files.

All chance comes from `World.rng(*names)`, a generator of its own for each set of names, so that what one line draws
never changes what another does. Nothing here reads the clock: `TODAY` is the sample's own day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import holidays
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lake.sample import people as pool
from lake.sample.people import Days, Ints, People
from lake.sample.places import LINE_CODES, Commune, Structure, communes, luhn, structures

FIRST = date(2019, 1, 1)
LAST = date(2025, 12, 31)
TODAY = date(2026, 1, 5)

#: Lines in the order in which they are written, and their share of the records.
LINES: dict[str, float] = {
    "group": 0.22,
    "geo": 0.0,
    "audio": 0.15,
    "dental": 0.18,
    "optical": 0.18,
    "childcare": 0.15,
    "finance": 0.12,
}

Floats = npt.NDArray[np.float64]

#: Every day of the seven years.
CALENDAR: Days = np.arange(np.datetime64(FIRST), np.datetime64(LAST) + 1)

_HOLIDAYS: Days = np.array(
    sorted(holidays.country_holidays("FR", years=range(FIRST.year, TODAY.year + 1))), "datetime64[D]"
)

# Weight of Monday … Sunday, then of January … December.
_WEEK = {
    "audio": (0.8, 1.1, 1.0, 1.1, 1.0, 0.25, 0.0),
    "optical": (0.5, 1.0, 1.1, 0.9, 1.1, 1.7, 0.0),
    "dental": (1.0, 1.1, 0.9, 1.1, 1.0, 0.2, 0.0),
    "childcare": (1.0, 1.0, 0.85, 1.0, 0.95, 0.0, 0.0),
    "group": (1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0),
}
_SEASON = {
    "audio": (1.0, 1.0, 1.1, 1.0, 1.0, 1.1, 0.85, 0.6, 1.1, 1.15, 1.1, 1.0),
    "optical": (1.1, 0.95, 1.0, 0.95, 1.0, 1.05, 1.0, 0.75, 1.1, 1.0, 1.0, 1.3),
    "dental": (1.05, 1.0, 1.1, 1.0, 0.95, 1.1, 0.85, 0.5, 1.1, 1.1, 1.05, 0.85),
    "childcare": (1.0, 0.95, 1.05, 0.95, 1.0, 1.05, 0.9, 0.45, 1.05, 1.05, 1.05, 0.8),
    "group": (1.0,) * 12,
}
#: (from, to excluded, factor by line): the closure of spring 2020, the rebound, the later, lighter ones.
_SHOCKS: tuple[tuple[str, str, dict[str, float]], ...] = (
    ("2020-03-17", "2020-05-11", {"audio": 0.05, "optical": 0.08, "dental": 0.04, "childcare": 0.12}),
    ("2020-05-11", "2020-06-08", {"audio": 0.75, "optical": 0.9, "dental": 0.7, "childcare": 0.5}),
    ("2020-06-08", "2020-10-01", {"audio": 1.15, "optical": 1.15, "dental": 1.1}),
    ("2020-10-30", "2020-12-01", {"audio": 0.9, "optical": 0.85}),
    ("2021-04-05", "2021-04-26", {"childcare": 0.12, "optical": 0.9}),
)
#: 100 % Santé: (day, share of the reform in force) by line. Optical in one step, dental and audio phased in.
_REFORM = {
    "optical": (("2020-01-01", 1.0),),
    "dental": (("2019-04-01", 0.2), ("2020-01-01", 0.7), ("2021-01-01", 1.0)),
    "audio": (("2019-01-01", 0.15), ("2020-01-01", 0.3), ("2021-01-01", 1.0)),
}
_CAPACITY = {"audio": (1, 3), "optical": (2, 5), "dental": (2, 8), "childcare": (15, 60), "group": (0, 0)}
_NAMES = {
    "audio": "Centre auditif de {}",
    "optical": "Optique mutualiste de {}",
    "dental": "Centre dentaire de {}",
    "childcare": "Crèche de {}",
    "group": "Siège de {}",
}
_QUARTERS = ("", " Gare", " République", " Centre", " Les Tilleuls", " Nord", " Sud", " Saint-Roch", " Le Port")


@dataclass(frozen=True)
class Site:
    """One place of work. `town` is the position of its commune; `size` weighs its activity; 1 is ordinary."""

    site_id: str
    line: str
    name: str
    commune: Commune
    town: int
    finess: str
    siret: str
    latitude: float
    longitude: float
    opened_on: date
    closed_on: date | None
    size: float


@dataclass(frozen=True)
class Tenure:
    """A site while it belongs to one structure and has one capacity: days `since` … `until` (excluded, None = still).

    `capacity` is what the line counts: booths (audio), desks (optical), chairs (dental), licensed places (childcare).
    """

    site: Site
    structure_id: str
    since: date
    until: date | None
    capacity: int


class World:
    """Everything that the lines share, for one seed and size."""

    today = TODAY
    first = FIRST
    last = LAST

    def __init__(self, records: int, seed: int) -> None:
        self.records = records
        self.seed = seed
        self.structures: tuple[Structure, ...] = structures()
        self.communes: tuple[Commune, ...] = communes()
        self.tenures: tuple[Tenure, ...] = tuple(_tenures(self))

    def rng(self, *names: object) -> np.random.Generator:
        """The generator of chance that belongs to these names, whatever was drawn before."""
        text = "/".join(str(part) for part in (self.seed, *names))
        return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big"))

    # Structures and sites

    def structures_of(self, line: str) -> list[Structure]:
        """The structures that work in a line (all of them for `group` and `finance`), at any time."""
        if line in ("group", "finance"):
            return list(self.structures)
        working = {t.structure_id for t in self.tenures if t.site.line == line}
        return [s for s in self.structures if s.structure_id in working]

    def tenures_of(self, line: str, structure_id: str) -> list[Tenure]:
        """The tenures of a structure's sites in a line, by site and time."""
        return [t for t in self.tenures if t.site.line == line and t.structure_id == structure_id]

    def sites_of(self, structure_id: str) -> list[Site]:
        """Every site that ever was the structure's, headquarters included."""
        return list({t.site.site_id: t.site for t in self.tenures if t.structure_id == structure_id}.values())

    def allot(self, line: str, structure_id: str, records: int) -> list[tuple[Tenure, int]]:
        """Share a line's records among tenures by their activity; those of one structure, with their part."""
        mine = [t for t in self.tenures if t.site.line == line]
        ends = np.floor(np.cumsum(self._weights(line)) * records).astype(int)
        parts = np.diff(ends, prepend=0)
        return [(t, int(n)) for t, n in zip(mine, parts, strict=True) if t.structure_id == structure_id and n > 0]

    def expected(self, tenure: Tenure) -> float:
        """The records of its line that a tenure is expected to have, in a sample of all lines."""
        line = tenure.site.line
        mine = [t for t in self.tenures if t.site.line == line]
        return float(self.records * LINES[line] * self._weights(line)[mine.index(tenure)])

    def _weights(self, line: str) -> Floats:
        if line not in self._weight_cache:
            weights = np.array([self.activity(t, CALENDAR).sum() for t in self.tenures if t.site.line == line])
            self._weight_cache[line] = weights / weights.sum()
        return self._weight_cache[line]

    @cached_property
    def _weight_cache(self) -> dict[str, Floats]:
        return {}

    # Time

    def is_open(self, line: str, days: Days) -> npt.NDArray[np.bool_]:
        """Whether the line's sites work on these days: weekday, public holidays, yearly closing of nurseries."""
        opens = (np.array(_WEEK[line])[_weekday(days)] > 0) & ~np.isin(days, _HOLIDAYS)
        if line == "childcare":
            years = days.astype("datetime64[Y]")
            august = years.astype("datetime64[M]") + 7
            in_august = (days >= august.astype("datetime64[D]")) & (days < august.astype("datetime64[D]") + 21)
            christmas = (years + 1).astype("datetime64[D]") - 8
            opens &= ~in_august & ~(days >= christmas)
        return opens

    def activity(self, tenure: Tenure, days: Days) -> Floats:
        """Expected activity of a site on each day, relative: 0 when closed, not yet open, or gone."""
        line = tenure.site.line
        months = days.astype("datetime64[M]").astype(int) % 12
        weight = np.array(_WEEK[line])[_weekday(days)] * np.array(_SEASON[line])[months] * self.is_open(line, days)
        for start, end, factors in _SHOCKS:
            inside = (days >= np.datetime64(start)) & (days < np.datetime64(end))
            weight = np.where(inside, weight * factors.get(line, 1.0), weight)
        age = (days - np.datetime64(tenure.site.opened_on)).astype(int)
        weight = weight * np.clip(0.4 + age / 365 * 0.6, 0, 1)
        weight = weight * 1.025 ** ((days - np.datetime64(FIRST)).astype(int) / pool.YEAR)
        if line == "audio":  # the reform brought people who had waited for it
            weight = weight * (1 + 0.35 * (self.reform(line, days) == 1.0))
        inside = (days >= np.datetime64(tenure.since)) & (days >= np.datetime64(tenure.site.opened_on))
        if tenure.until is not None:
            inside &= days < np.datetime64(tenure.until)
        return np.asarray(weight * inside * tenure.site.size * max(tenure.capacity, 1), dtype=np.float64)

    def days(self, rng: np.random.Generator, tenure: Tenure, n: int) -> Days:
        """`n` days on which something happened at a site, in order, as its activity goes."""
        weight = self.activity(tenure, CALENDAR)
        return np.repeat(CALENDAR, rng.multinomial(n, weight / weight.sum()))

    def reform(self, line: str, days: Days) -> Floats:
        """How far the 100 % Santé is in force in a line on each day, 0 to 1."""
        share = np.zeros(len(days))
        for start, value in _REFORM.get(line, ()):
            share = np.where(days >= np.datetime64(start), value, share)
        return share

    # People

    @cached_property
    def people(self) -> People:
        """The pool of customers, about 7 for 100 records."""
        rng = self.rng("people")
        sites = {t.site.site_id: t.site for t in self.tenures if t.site.line != "group"}.values()
        towns = np.unique([s.town for s in sites])
        weights = np.array([sum(s.size for s in sites if s.town == t) for t in towns])
        weights *= np.array([self.communes[t].population for t in towns]) ** 0.3
        near = [self._near(int(t)) for t in towns]
        young = np.array([any(s.line == "childcare" and s.town == t for s in sites) for t in towns])
        return pool.make(rng, max(600, round(self.records * 0.07)), towns, weights / weights.sum(), near, young,
                         np.datetime64(FIRST), np.datetime64(LAST))  # fmt: skip

    def _near(self, town: int, count: int = 4) -> Ints:
        here = self.communes[town]
        places = [i for i, c in enumerate(self.communes) if c.structure_id == here.structure_id]
        there = self.communes
        return np.array(
            sorted(places, key=lambda i: (there[i].latitude - here.latitude) ** 2
                   + ((there[i].longitude - here.longitude) * 0.7) ** 2)[:count]
        )  # fmt: skip

    def draw_people(self, rng: np.random.Generator, tenure: Tenure, days: Days, ages: tuple[float, float]) -> Ints:
        """One customer for each day, of the given age (years, upper end excluded) on it, who lives near the site.

        Drawn with repetition: the same people come back, and to other lines. Where no neighbour has the age, one of
        the structure's customers, then anybody, stands in.
        """
        people = self.people
        oldest = days - np.timedelta64(round(ages[1] * pool.YEAR), "D")
        youngest = days - np.timedelta64(round(ages[0] * pool.YEAR), "D")
        chosen = np.full(len(days), -1, np.int64)
        wanders = rng.random(len(days)) < 0.06
        for level, ring in enumerate(self._rings(tenure.site)):
            luck = rng.random(len(days))
            low = np.searchsorted(people.birth[ring], oldest, side="right")
            high = np.searchsorted(people.birth[ring], youngest, side="right")
            fits = (chosen < 0) & (high > low) & ~(wanders & (level == 0))
            position = low + np.floor(luck * (high - low)).astype(np.int64)
            chosen[fits] = ring[position[fits]]
        if (chosen < 0).any():
            raise ValueError(
                f"Nobody in the sample is {ages[0]} to {ages[1]} years old; widen `ages` in {tenure.site.line}."
            )
        return chosen

    def _rings(self, site: Site) -> list[Ints]:
        """People of the site's town, of the town's structure, of the whole group; each sorted by birth."""
        if site.town not in self._ring_cache:
            people, structure = self.people, site.commune.structure_id
            if structure not in self._ring_cache:
                mine = np.array([c.structure_id == structure for c in self.communes])
                self._ring_cache[structure] = _by_birth(people, np.flatnonzero(mine[people.town]))
            if "all" not in self._ring_cache:
                self._ring_cache["all"] = _by_birth(people, np.arange(len(people)))
            self._ring_cache[site.town] = _by_birth(people, np.flatnonzero(people.town == site.town))
        return [self._ring_cache[site.town], self._ring_cache[site.commune.structure_id], self._ring_cache["all"]]

    @cached_property
    def _ring_cache(self) -> dict[int | str, Ints]:
        return {}

    # Numbers that trades' software gives

    def ids(self, prefix: str, structure_id: str, n: int, *, digits: int = 9, offset: int = 0) -> pa.Array:
        """`n` numbers that no other structure gives: prefix, the structure's two digits, a running number."""
        stem = f"{prefix}{structure_id[1:]}"
        return pa.array([f"{stem}{i:0{digits - 2}d}" for i in range(offset + 1, offset + n + 1)], pa.string())


def _by_birth(people: People, who: Ints) -> Ints:
    return who[np.argsort(people.birth[who], kind="stable")]


def _weekday(days: Days) -> Ints:
    """Monday 0 … Sunday 6; 1970-01-01 was a Thursday."""
    return (days.astype("datetime64[D]").astype(np.int64) + 3) % 7


def _tenures(world: World) -> Iterable[Tenure]:
    """The sites, and what became of each: one tenure, or two where structure or capacity changed."""
    wanted = int(np.clip(world.records / 1000, 54, 320))
    pairs = [(s, line) for s in world.structures for line in s.lines]
    counts = np.full(len(pairs), (wanted - len(world.structures)) // len(pairs))
    counts[: (wanted - len(world.structures)) % len(pairs)] += 1
    towns = {s.structure_id: [i for i, c in enumerate(world.communes) if c.structure_id == s.structure_id]
             for s in world.structures}  # fmt: skip
    for structure in world.structures:
        yield from _site(world, structure, "group", 1, towns[structure.structure_id][0], "")
    for (structure, line), count in zip(pairs, counts, strict=True):
        rng = world.rng("towns", structure.structure_id, line)
        mine = np.array(towns[structure.structure_id])
        population = np.array([world.communes[i].population for i in mine]) ** 0.6
        chosen = rng.choice(mine, int(count), p=population / population.sum())
        seen: dict[int, int] = {}
        for number, town in enumerate(chosen.tolist(), start=1):
            quarter = _QUARTERS[seen.get(town, 0) % len(_QUARTERS)]
            seen[town] = seen.get(town, 0) + 1
            yield from _site(world, structure, line, number, town, quarter)


def _site(world: World, structure: Structure, line: str, number: int, town: int, quarter: str) -> Iterable[Tenure]:
    site_id = f"{structure.structure_id}-{LINE_CODES[line]}-{number:02d}"
    rng = world.rng("site", site_id)
    commune = world.communes[town]
    order = list(LINE_CODES).index(line)
    place = structure.name if line == "group" else commune.name + quarter
    fate = rng.random(4)
    opened = date(int(rng.integers(1988, 2019)), int(rng.integers(1, 13)), 1)
    is_young = line != "group" and number > 1 and fate[0] < 0.18
    if is_young:
        opened = date(int(rng.integers(2019, 2025)), int(rng.integers(1, 13)), 1)
    is_closing = line != "group" and number > 1 and not is_young and fate[1] < 0.04
    closed = date(int(rng.integers(2021, 2026)), int(rng.choice([1, 7])), 1) if is_closing else None
    site = Site(
        site_id=site_id,
        line=line,
        name=_name(line, place),
        commune=commune,
        town=town,
        finess=luhn(f"99{structure.structure_id[1:]}{order}{number:03d}"),
        siret=luhn(f"{structure.siren}{order + 1:02d}{number:02d}"),
        latitude=round(commune.latitude + float(rng.normal(0, 0.008)), 5),
        longitude=round(commune.longitude + float(rng.normal(0, 0.011)), 5),
        opened_on=opened,
        closed_on=closed,
        size=float(np.exp(rng.normal(0, 0.3))),
    )
    low, high = _CAPACITY[line]
    capacity = int(rng.integers(low, high + 1))
    change = date(int(rng.integers(2020, 2026)), int(rng.choice([1, 9])), 1)
    heirs = [s.structure_id for s in world.structures if line in s.lines and s != structure]
    if line == "group" or number == 1 or is_young or is_closing or fate[2] > 0.14:
        yield Tenure(site, structure.structure_id, opened, closed, capacity)
    elif fate[2] < 0.04:
        yield Tenure(site, structure.structure_id, opened, change, capacity)
        yield Tenure(site, str(rng.choice(heirs)), change, None, capacity)
    else:
        yield Tenure(site, structure.structure_id, opened, change, capacity)
        yield Tenure(site, structure.structure_id, change, None, capacity + max(1, round(capacity * 0.25)))


def _name(line: str, place: str) -> str:
    """ "Centre auditif du Puy-en-Velay": the French article joins the preposition."""
    name = _NAMES[line].format(place)
    for before, after in ((" de Le ", " du "), (" de Les ", " des "), (" de Mutualité", " de la Mutualité")):
        name = name.replace(before, after)
    for vowel in "AÉEIOUY":
        name = name.replace(f" de {vowel}", f" d'{vowel}")
    return name
