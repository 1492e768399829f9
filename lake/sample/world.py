"""The imaginary group: structures, sites, people and calendar, the same for every line that writes files.

All chance comes from `World.rng(*names)`, a generator of its own for each set of names, so that what one line draws
never changes what another does. How many sites there are, and since when, is `scale.py`'s; how busy each of them is
does not depend on it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import holidays
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lake.sample import people as pool
from lake.sample.people import Days, Ints, People
from lake.sample.places import LINE_CODES, WORKING, Commune, Structure, communes, luhn, structures
from lake.sample.scale import month_before, scale

#: Lines in the order in which they are written, and about their share of a group's rows.
LINES: dict[str, float] = {
    "group": 0.06,
    "geo": 0.01,
    "audio": 0.07,
    "dental": 0.38,
    "optical": 0.22,
    "childcare": 0.23,
    "finance": 0.03,
}

Floats = npt.NDArray[np.float64]

_PARIS = ZoneInfo("Europe/Paris")

# Weight of Monday … Sunday, then of January … December.
_WEEK = {
    "audio": (0.8, 1.1, 1.0, 1.1, 1.0, 0.25, 0.0),
    "optical": (0.5, 1.0, 1.1, 0.9, 1.1, 1.7, 0.0),
    "dental": (1.0, 1.1, 0.9, 1.1, 1.0, 0.2, 0.0),
    "childcare": (1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0),
    "group": (1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0),
}
_SEASON = {
    "audio": (1.0, 1.0, 1.1, 1.0, 1.0, 1.1, 0.85, 0.6, 1.1, 1.15, 1.1, 1.0),
    "optical": (1.1, 0.95, 1.0, 0.95, 1.0, 1.05, 1.0, 0.8, 1.1, 1.0, 1.0, 1.2),
    "dental": (1.05, 1.0, 1.1, 1.0, 0.95, 1.1, 0.9, 0.7, 1.1, 1.1, 1.05, 0.9),
    "childcare": (1.0, 0.95, 1.05, 0.95, 1.0, 1.05, 0.9, 0.45, 1.05, 1.05, 1.05, 0.8),
    "group": (1.0,) * 12,
}
#: (from, to excluded, factor by line): the closure of spring 2020, the rebound, the later, lighter ones.
_SHOCKS: tuple[tuple[str, str, dict[str, float]], ...] = (
    ("2020-03-17", "2020-05-11", {"audio": 0.05, "optical": 0.08, "dental": 0.04, "group": 0.4}),
    ("2020-05-11", "2020-06-08", {"audio": 0.75, "optical": 0.9, "dental": 0.7}),
    ("2020-06-08", "2020-10-01", {"audio": 1.15, "optical": 1.15, "dental": 1.1}),
    ("2020-10-30", "2020-12-01", {"audio": 0.9, "optical": 0.85}),
    ("2021-04-05", "2021-04-26", {"optical": 0.9}),
)
#: 100 % Santé: (day, share of the reform in force) by line. Optical in one step, dental and audio phased in.
_REFORM = {
    "optical": (("2020-01-01", 1.0),),
    "dental": (("2019-04-01", 0.2), ("2020-01-01", 0.7), ("2021-01-01", 1.0)),
    "audio": (("2019-01-01", 0.15), ("2020-01-01", 0.3), ("2021-01-01", 1.0)),
}
#: What a site of a trade has (see `Tenure`), each as likely as it is often named.
_CAPACITY = {
    "audio": (1, 2, 2, 3),
    "optical": (2, 3, 4, 5),
    "dental": (1, 1, 1, 2),
    "childcare": tuple(range(14, 25)),
    "group": (0,),
}
#: What happens at an ordinary site on an ordinary open day: (whatever its capacity, for each of it). Trials begun in
#: hearing-aid centres, visits to shops, chairs open in dental centres, places open in nurseries.
_PACE = {
    "audio": (0.55, 0.17),
    "optical": (1.9, 0.32),
    "dental": (0.0, 0.95),
    "childcare": (0.0, 1.0),
    "group": (1.0, 0.0),
}
#: People that there are near a site for each of these events.
_PEOPLE = {"audio": 1.5, "optical": 0.6, "dental": 2.2, "childcare": 0.06, "group": 0.0}
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
    """One place of work. `town` is the position of its commune; `size` weighs its activity; 1 is ordinary.

    What happened before `joined_on` is not in the sample, though it is followed by what is: the site's software came
    into use that day, or the sample begins.
    """

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
    joined_on: date
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

    def __init__(self, records: int, seed: int, until: date | None = None) -> None:
        """`until` is the last day on which something happened: yesterday, where it is not given."""
        self.records = records
        self.seed = seed
        self.last = until or datetime.now(_PARIS).date() - timedelta(days=1)
        self.scale = scale(records, self.last)
        self.first = self.scale.first
        self.first_day, self.last_day = np.datetime64(self.first), np.datetime64(self.last)
        #: Every day of the sample.
        self.calendar: Days = np.arange(self.first_day, self.last_day + 1)
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

    def events(self, tenure: Tenure) -> Floats:
        """How much is expected to happen on each day of the sample, in the line's events (see `_PACE`)."""
        return self.activity(tenure, self.calendar) * (self.calendar >= np.datetime64(tenure.site.joined_on))

    # Time

    @cached_property
    def _holidays(self) -> Days:
        years = range(self.first.year - 4, self.last.year + 2)
        return np.array(sorted(holidays.country_holidays("FR", years=years)), "datetime64[D]")

    def is_open(self, line: str, days: Days) -> npt.NDArray[np.bool_]:
        """Whether the line's sites work on these days: weekday, public holidays, yearly closing of nurseries."""
        opens = (np.array(_WEEK[line])[_weekday(days)] > 0) & ~np.isin(days, self._holidays)
        if line == "childcare":
            years = days.astype("datetime64[Y]")
            summer = (years.astype("datetime64[M]") + 7).astype("datetime64[D]") - 7
            in_summer = (days >= summer) & (days < summer + 23)
            christmas = (years + 1).astype("datetime64[D]") - 8
            opens &= ~in_summer & ~(days >= christmas)
        return opens

    def activity(self, tenure: Tenure, days: Days) -> Floats:
        """Events expected at a site on each day: 0 when closed, not yet open, or gone. A new site starts at 70 %."""
        site, line = tenure.site, tenure.site.line
        months = days.astype("datetime64[M]").astype(int) % 12
        weight = np.array(_WEEK[line])[_weekday(days)] * np.array(_SEASON[line])[months] * self.is_open(line, days)
        for start, end, factors in _SHOCKS:
            inside = (days >= np.datetime64(start)) & (days < np.datetime64(end))
            weight = np.where(inside, weight * factors.get(line, 1.0), weight)
        if line in ("audio", "optical", "dental"):
            weight = weight * np.clip(0.7 + (days - np.datetime64(site.opened_on)).astype(int) / 180 * 0.3, 0, 1)
            weight = weight * site.size * 1.02 ** ((days - self.first_day).astype(int) / pool.YEAR)
        if line == "audio":  # before the reform many waited for it
            weight = weight * np.where(self.reform(line, days) == 1.0, 1.0, 0.75)
        fixed, each = _PACE[line]
        events = weight * (fixed + each * tenure.capacity)
        if line == "dental":
            events = np.minimum(events, tenure.capacity)
        inside = (days >= np.datetime64(tenure.since)) & (days >= np.datetime64(site.opened_on))
        if tenure.until is not None:
            inside &= days < np.datetime64(tenure.until)
        return np.asarray(events * inside, dtype=np.float64)

    def around(self, tenure: Tenure, before: int, after: int = 0) -> Days:
        """The days from so many before the site's data begin to so many after the sample's end."""
        return np.arange(np.datetime64(tenure.site.joined_on) - before, self.last_day + after + 1)

    def days(self, rng: np.random.Generator, tenure: Tenure, before: int, after: int = 0) -> Days:
        """The days on which the events of a tenure happened, in order, as chance has it (see `around`)."""
        around = self.around(tenure, before, after)
        return np.repeat(around, rng.poisson(self.activity(tenure, around)))

    def reform(self, line: str, days: Days) -> Floats:
        """How far the 100 % Santé is in force in a line on each day, 0 to 1."""
        share = np.zeros(len(days))
        for start, value in _REFORM.get(line, ()):
            share = np.where(days >= np.datetime64(start), value, share)
        return share

    # People

    @cached_property
    def people(self) -> People:
        """The pool of customers: in each town as many as its sites need."""
        rng = self.rng("people")
        needs: Counter[int] = Counter()
        for tenure in self.tenures:
            needs[tenure.site.town] += round(self.events(tenure).sum() * _PEOPLE[tenure.site.line])
        towns = np.array(sorted(town for town, need in needs.items() if need))
        weights = np.array([needs[town] for town in towns.tolist()], dtype=np.float64)
        near = [self._near(int(town)) for town in towns]
        nurseries = {t.site.town for t in self.tenures if t.site.line == "childcare"}
        young = np.array([town in nurseries for town in towns.tolist()])
        return pool.make(rng, max(600, int(weights.sum())), towns, weights / weights.sum(), near, young,
                         self.first_day, self.last_day)  # fmt: skip

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
    towns = {s.structure_id: [i for i, c in enumerate(world.communes) if c.structure_id == s.structure_id]
             for s in world.structures}  # fmt: skip
    for structure in world.structures:
        yield from _site(world, structure, "group", 1, towns[structure.structure_id][0], "", None)
    by_id = {s.structure_id: s for s in world.structures}
    for line, order in WORKING.items():
        ages: dict[str, list[int]] = {name: [] for name in order}
        for position, age in enumerate(world.scale.ages):
            ages[order[position % len(order)]].append(age)
        for name in sorted(order):
            rng = world.rng("towns", name, line)
            mine = np.array(towns[name])
            population = np.array([world.communes[i].population for i in mine]) ** 0.6
            chosen = rng.choice(mine, len(ages[name]), p=population / population.sum())
            seen: dict[int, int] = {}
            for number, (town, age) in enumerate(zip(chosen.tolist(), ages[name], strict=True), start=1):
                quarter = _QUARTERS[seen.get(town, 0) % len(_QUARTERS)]
                seen[town] = seen.get(town, 0) + 1
                yield from _site(world, by_id[name], line, number, town, quarter, age)


def _site(
    world: World, structure: Structure, line: str, number: int, town: int, quarter: str, age: int | None
) -> Iterable[Tenure]:
    """A site that is so many months old; as old as the sample, or older, where it is None."""
    site_id = f"{structure.structure_id}-{LINE_CODES[line]}-{number:02d}"
    rng = world.rng("site", site_id)
    commune = world.communes[town]
    order = list(LINE_CODES).index(line)
    place = structure.name if line == "group" else commune.name + quarter
    months = world.scale.months
    fate, turn = rng.random(), int(rng.integers(months // 3, months * 2 // 3 + 1))
    opened = date(world.first.year - int(rng.integers(1, 31)), int(rng.integers(1, 13)), 1)
    capacity = int(rng.choice(_CAPACITY[line]))
    size = float(np.exp(rng.normal(0, 0.12)).clip(0.8, 1.3))
    heirs = [name for name in WORKING.get(line, ()) if name != structure.structure_id]
    heir = str(rng.choice(heirs)) if heirs else ""
    change = month_before(world.last, months - turn)
    is_settled = age is None or age < months or number == 1
    joined = month_before(world.last, (age or months) - 1)
    if not is_settled and fate < 0.1:  # a young one
        opened = joined = change
    closed = change if not is_settled and 0.1 <= fate < 0.16 else None
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
        joined_on=joined,
        size=size,
    )
    if is_settled or fate < 0.16 or fate >= 0.36:
        yield Tenure(site, structure.structure_id, opened, closed, capacity)
    elif fate < 0.24:
        yield Tenure(site, structure.structure_id, opened, change, capacity)
        yield Tenure(site, heir, change, None, capacity)
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
