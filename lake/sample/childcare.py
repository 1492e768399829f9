"""Nurseries of the sample group: licensed places, contracts, children's days, invoices and yearly Filoué exports.

The unit of generation is one nursery on one open day, always whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lake.sample import tally
from lake.sample.columns import Cents, Days, Ints, cents, clock, codes, dates, decimals, instants, pick, strings
from lake.sample.dirt import FULL, GENTLE, NONE
from lake.sample.sink import Sink
from lake.sample.truth import Truth
from lake.sample.world import Tenure, World

#: (from, to excluded): only children of carers came.
_CLOSURES = (("2020-03-17", "2020-05-11"), ("2021-04-05", "2021-04-26"))
#: From which day on: an hour's cost to the family in millionths of the monthly income, by dependent children; and up to
#: what a monthly income counts, in cents. Source: the shipped parameters (models/core/parameters.csv).
_EFFORT_FROM = np.array(["0000-01-01", "2019-09-01", "2020-01-01", "2021-01-01", "2022-01-01"], "datetime64[D]")
_EFFORT = np.array(
    [[600, 500, 400, 300], [605, 504, 403, 302], [610, 508, 406, 305], [615, 512, 410, 307], [619, 516, 413, 310]]
)
_INCOME_CAP_FROM = np.array(
    ["0000-01-01", "2019-09-01", "2020-01-01", "2021-01-01", "2022-01-01", "2024-09-01", "2025-09-01"], "datetime64[D]"
)
_INCOME_CAP = np.array([487_462, 530_000, 560_000, 580_000, 600_000, 700_000, 850_000])
#: Slots of a day: name, quarter at which it begins, hundredths of an hour, share of the licence that is open.
_SLOTS = (("morning", 30, 150, 0.6), ("day", 36, 800, 1.0), ("evening", 68, 150, 0.6))
#: Quarter of the day after which no child is there.
_CLOSES = 74
#: Quarters of an hour of care that a place gives in a day.
_DAY_QUARTERS = sum(hundredths * share for _, _, hundredths, share in _SLOTS) / 25
#: The part of the licensed hours that is booked where there is demand enough.
_FILL = 0.92
#: Weekdays (Monday first) that a regular contract covers, then those of an occasional one.
_WEEKS = np.array(
    [
        [1, 1, 1, 1, 1],
        [1, 1, 0, 1, 1],
        [1, 1, 0, 1, 0],
        [1, 0, 0, 0, 0],
        [0, 1, 0, 0, 0],
        [0, 0, 1, 0, 0],
        [0, 0, 0, 1, 0],
    ],
    dtype=bool,
)


def generate(world: World, sink: Sink) -> None:
    """Deliver the five childcare sources of every structure, and their truth."""
    for structure in world.structures_of("childcare"):
        nurseries = _Structure(world, structure.structure_id, world.rng("childcare", structure.structure_id))
        for tenure in world.tenures_of("childcare", structure.structure_id):
            nurseries.work(tenure)
        if nurseries.capacity:
            nurseries.deliver(sink)


@dataclass
class _Enrolled:
    """Contracts of one nursery for one school year, one element a contract. Times are in quarters of an hour."""

    who: Ints
    starts: Days
    ends: Days
    is_occasional: Ints
    week: Ints
    quarters: Ints
    dependents: Ints
    income: Cents
    effort: Ints
    fee: Cents


@dataclass
class _Structure:
    """One structure's nurseries: what was generated so far, by source."""

    world: World
    structure_id: str
    rng: np.random.Generator
    capacity: list[pa.Table] = field(default_factory=list)
    contracts: list[pa.Table] = field(default_factory=list)
    attendance: list[pa.Table] = field(default_factory=list)
    invoices: list[pa.Table] = field(default_factory=list)
    ids_used: dict[str, int] = field(default_factory=dict)

    def work(self, tenure: Tenure) -> None:
        """The years of one nursery."""
        days = self.world.calendar[self.world.events(tenure) > 0]
        if not len(days):
            return
        site_id, places = tenure.site.site_id, tenure.capacity
        self._license(site_id, days, places)
        school_years = (days.astype("datetime64[M]") - 8).astype("datetime64[Y]")
        for year in np.unique(school_years):
            enrolled = self._enrol(tenure, year, places)
            numbers = self._ids("CT", len(enrolled.who))
            self._sign(site_id, numbers, enrolled)
            self._attend(site_id, numbers, enrolled, days[school_years == year], places)

    def _ids(self, prefix: str, n: int) -> pa.Array:
        used = self.ids_used.get(prefix, 0)
        self.ids_used[prefix] = used + n
        return self.world.ids(prefix, self.structure_id, n, offset=used)

    def _license(self, site_id: str, days: Days, places: int) -> None:
        for slot, begins, hundredths, share in _SLOTS:
            n = len(days)
            self.capacity.append(
                pa.table(
                    {
                        "site_id": strings(np.full(n, site_id)),
                        "open_on": dates(days),
                        "slot": strings(np.full(n, slot)),
                        "opens_at": clock(np.full(n, begins)),
                        "slot_hours": decimals(np.full(n, hundredths)),
                        "places": np.full(n, round(places * share)),
                    }
                )
            )

    def _enrol(self, tenure: Tenure, year: np.datetime64, places: int) -> _Enrolled:
        """The contracts of a school year (September to August) that start while there are data: regular ones, then
        occasional ones of a season."""
        rng = self.rng
        regular, occasional = round(places * 1.3), round(places * 1.1)
        n = regular + occasional
        is_occasional = (np.arange(n) >= regular).astype(np.int64)
        september = (year.astype("datetime64[M]") + 8).astype("datetime64[D]")
        august = (year.astype("datetime64[M]") + 20).astype("datetime64[D]") - 1
        is_late = (rng.random(n) < 0.12) | (is_occasional == 1)
        opened = np.datetime64(max(tenure.since, tenure.site.opened_on))
        starts = np.maximum(september + np.where(is_late, rng.integers(0, 300, n), 0), opened)
        ends = np.minimum(np.where(is_occasional == 1, starts + 120, august), august)
        if tenure.until is not None:
            ends = np.minimum(ends, np.datetime64(tenure.until) - 1)
        starts = np.minimum(starts, ends)
        dependents = 1 + pick(rng, n, (0.45, 0.38, 0.12, 0.05))
        income = np.maximum(rng.lognormal(np.log(370_000), 0.5, n).astype(np.int64), 80_000)
        cap = _INCOME_CAP[np.searchsorted(_INCOME_CAP_FROM, starts, "right") - 1]
        effort = _EFFORT[np.searchsorted(_EFFORT_FROM, starts, "right") - 1, dependents - 1]
        fee = (np.minimum(income, cap) * effort * 2 + 1_000_000) // 2_000_000
        drawn = {
            "who": self._children(tenure, starts),
            "starts": starts,
            "ends": ends,
            "is_occasional": is_occasional,
            "week": np.where(is_occasional == 1, rng.integers(3, 7, n), pick(rng, n, (0.40, 0.30, 0.30))),
            "quarters": np.where(is_occasional == 1, rng.integers(14, 21, n), rng.integers(32, 41, n)),
            "dependents": dependents,
            "income": income,
            "effort": effort,
            "fee": fee,
        }
        has_started = starts <= self.world.last_day
        return _Enrolled(**{name: values[has_started] for name, values in drawn.items()})

    def _children(self, tenure: Tenure, starts: Days) -> Ints:
        """One child for each contract of a nursery's school year, as a rule none twice."""
        who = self.world.draw_people(self.rng, tenure, starts, ages=(0.25, 3.2))
        for _ in range(8):
            again = np.setdiff1d(np.arange(len(who)), np.unique(who, return_index=True)[1])
            if not len(again):
                break
            who[again] = self.world.draw_people(self.rng, tenure, starts[again], ages=(0.25, 3.2))
        return who

    def _sign(self, site_id: str, numbers: pa.Array, enrolled: _Enrolled) -> None:
        rng, n = self.rng, len(numbers)
        weekly = enrolled.quarters * _WEEKS[enrolled.week].sum(axis=1)
        born = self.world.people.birth[enrolled.who].astype("datetime64[M]")
        self.contracts.append(
            pa.table(
                {
                    "contract_id": numbers,
                    "site_id": strings(np.full(n, site_id)),
                    "person_id": strings(self.world.people.number[enrolled.who]),
                    "child_born_month": dates(born),
                    "care_type": codes(("regular", "occasional", "emergency"),
                                       enrolled.is_occasional + (enrolled.is_occasional & (rng.random(n) < 0.1))),
                    "weekly_hours": decimals(weekly * 25),
                    "dependent_children": enrolled.dependents,
                    "monthly_income_eur": decimals(enrolled.income),
                    "effort_rate": decimals(enrolled.effort, 6),
                    "hourly_fee_eur": decimals(enrolled.fee),
                    "regime": 1 + pick(rng, n, (0.92, 0.05, 0.03)),
                    "starts_on": dates(enrolled.starts),
                    "ends_on": dates(enrolled.ends),
                }
            )
        )  # fmt: skip

    def _attend(self, site_id: str, numbers: pa.Array, enrolled: _Enrolled, days: Days, places: int) -> None:
        """What each child did on each open day of its contract. A booked hour is due unless the child was ill."""
        rng = self.rng
        weekday = (days.astype(np.int64) + 3) % 7
        is_booked = _WEEKS[enrolled.week].T[np.minimum(weekday, 4)] & (weekday < 5)[:, None]
        is_booked &= (enrolled.starts <= days[:, None]) & (days[:, None] <= enrolled.ends)
        hours_so_far = (is_booked * enrolled.quarters).cumsum(axis=1)
        is_booked &= hours_so_far <= _FILL * _DAY_QUARTERS * places  # who asks last finds the nursery full
        day, child = np.nonzero(is_booked)
        n = len(day)
        booked = enrolled.quarters[child]
        is_closed = np.zeros(n, dtype=bool)
        for start, end in _CLOSURES:
            is_closed |= (days[day] >= np.datetime64(start)) & (days[day] < np.datetime64(end))
        is_closed &= rng.random(n) < 0.85
        reason = np.where(is_closed, 2, np.where(rng.random(n) < 0.11, pick(rng, n, (0.5, 0.3, 0.0, 0.2)), -1))
        attended = np.where(reason < 0, np.maximum(booked + rng.integers(-6, 3, n), 4), 0)
        is_excused = (reason == 0) | (reason == 2)
        billed = np.where(is_excused, 0, np.maximum(booked, attended))
        badge = self.world.rng("childcare badges", numbers[0] if len(numbers) else site_id)
        arrives = np.minimum(30 + badge.binomial(10, 0.35, n), _CLOSES - attended)
        self.attendance.append(
            pa.table(
                {
                    "contract_id": numbers.take(pa.array(child)),
                    "attended_on": dates(days[day]),
                    "site_id": strings(np.full(n, site_id)),
                    "person_id": strings(self.world.people.number[enrolled.who[child]]),
                    "booked_hours": decimals(booked * 25),
                    "billed_hours": decimals(billed * 25),
                    "attended_hours": decimals(attended * 25),
                    "arrived_at": clock(arrives, null=attended == 0),
                    "left_at": clock(arrives + attended, null=attended == 0),
                    "absence_reason": codes(
                        ("illness", "family", "closure", "unexcused"), np.maximum(reason, 0), null=reason < 0
                    ),
                }
            )
        )
        self._invoice(site_id, numbers, enrolled, child, days[day], billed)

    def _invoice(
        self, site_id: str, numbers: pa.Array, enrolled: _Enrolled, child: Ints, days: Days, billed: Ints
    ) -> None:
        """One invoice for each contract and month with billed hours; one family in thirty pays late, partly or not."""
        rng = self.rng
        months = days.astype("datetime64[M]").astype(np.int64)
        keys, which = np.unique(child * 10_000 + months, return_inverse=True)
        quarters = np.bincount(which, weights=billed, minlength=len(keys)).astype(np.int64)
        keys, quarters = keys[quarters > 0], quarters[quarters > 0]
        n = len(keys)
        contract, month = keys // 10_000, (keys % 10_000).astype("datetime64[M]")
        amount = (quarters * enrolled.fee[contract] + 2) // 4
        invoiced = (month + 1).astype("datetime64[D]") - 1
        paid_on = invoiced + np.where(rng.random(n) < 0.92, rng.integers(3, 16, n), rng.integers(16, 90, n))
        luck = rng.random(n)
        paid = np.where(
            paid_on > self.world.last_day, 0, np.where(luck < 0.97, amount, np.where(luck < 0.98, amount // 2, 0))
        )
        self.invoices.append(
            pa.table(
                {
                    "invoice_id": self._ids("FC", n),
                    "site_id": strings(np.full(n, site_id)),
                    "contract_id": numbers.take(pa.array(contract)),
                    "person_id": strings(self.world.people.number[enrolled.who[contract]]),
                    "billed_hours": decimals(quarters * 25),
                    "hourly_fee_eur": decimals(enrolled.fee[contract]),
                    "amount_eur": decimals(amount),
                    "paid_eur": decimals(paid),
                    "care_month": dates(month),
                    "invoiced_on": dates(invoiced),
                    "due_on": dates(invoiced + 15),
                    "paid_on": dates(paid_on, null=paid == 0),
                    "changed_at": instants(rng, np.where(paid > 0, paid_on, invoiced)),
                }
            )
        )

    def deliver(self, sink: Sink) -> None:
        """Hand the five sources over, and say what must come out of what remains."""
        sid = self.structure_id
        capacity = sink.deliver(
            "childcare_capacity", sid, pa.concat_tables(self.capacity), dirt=GENTLE, correct=_one_place_more
        )
        contracts = sink.deliver("childcare_contracts", sid, pa.concat_tables(self.contracts), dirt=GENTLE)
        attendance = sink.deliver(
            "childcare_attendance", sid, pa.concat_tables(self.attendance), dirt=FULL, correct=_longer
        )
        invoices = sink.deliver(
            "childcare_invoices", sid, pa.concat_tables(self.invoices), dirt=FULL, correct=_one_hour_more
        )
        for site_id, rows in _filoue(self.world, sid, contracts, attendance, invoices):
            sink.deliver("childcare_filoue", sid, rows, dirt=NONE, names={"site_id": site_id})
        _tell(sink.truth, sid, capacity, attendance, invoices)


def _filoue(
    world: World, name: str, contracts: pa.Table, attendance: pa.Table, invoices: pa.Table
) -> list[tuple[str, pa.Table]]:
    """The yearly exports of each nursery, as its software adds them up: one row per child and year."""
    keys = ["site_id", "person_id", "year"]
    days = attendance.append_column("year", pc.year(attendance["attended_on"]))
    came = pc.if_else(pc.greater(days["attended_hours"], Decimal(0)), days["attended_on"], None)
    days = days.append_column("came_on", came)
    sums = [(hours, "sum") for hours in ("billed_hours", "attended_hours")]
    ends = [(day, end) for day in ("attended_on", "came_on") for end in ("min", "max")]
    days = days.group_by(keys).aggregate([*sums, *ends, ("contract_id", "max")])
    bills = invoices.append_column("year", pc.year(invoices["care_month"]))
    bills = bills.group_by(keys).aggregate([("amount_eur", "sum")])
    terms = contracts.select(["contract_id", "effort_rate", "hourly_fee_eur", "regime"])
    rows = days.join(bills, keys).join(terms, "contract_id_max", "contract_id")
    rows = rows.filter(pc.and_(pc.is_valid(rows["amount_eur_sum"]), pc.is_valid(rows["regime"])))
    rows = rows.filter(pc.less(rows["year"], world.last.year))  # a year is exported once it is over
    rows = rows.sort_by([(name, "ascending") for name in ("site_id", "year", "person_id")])
    people, communes = world.people, world.communes
    order = np.argsort(people.number)
    who = order[np.searchsorted(people.number, rows["person_id"].to_numpy(), sorter=order)]
    homes = [communes[i] for i in people.commune[who].tolist()]
    is_beneficiary = who % 8 != 0
    finess = {site.site_id: site.finess for site in world.sites_of(name)}
    sites = rows["site_id"].to_pylist()
    table = pa.table(
        {
            "site_id": rows["site_id"],
            "year": rows["year"],
            "line_number": _line_numbers(rows),
            "caf_number": strings([f"{c.postcode[:2]}1" for c in homes]),
            "afc_file_number": strings([finess[s] for s in sites]),
            "is_beneficiary": is_beneficiary,
            "beneficiary_id": strings([f"{1_000_000 + w}" for w in who.tolist()], null=~is_beneficiary),
            "regime": rows["regime"],
            "child_born_on": dates(people.birth[who]),
            "postal_code": strings([c.postcode for c in homes]),
            "town": strings([c.name.upper() for c in homes]),
            "billed_hours": rows["billed_hours_sum"],
            "attended_hours": rows["attended_hours_sum"],
            "amount_eur": rows["amount_eur_sum"],
            "hourly_fee_eur": rows["hourly_fee_eur"],
            "effort_rate": rows["effort_rate"],
            "first_day_on": pc.coalesce(rows["came_on_min"], rows["attended_on_min"]),
            "last_day_on": pc.coalesce(rows["came_on_max"], rows["attended_on_max"]),
        }
    )
    return [(site, table.filter(pc.equal(table["site_id"], site))) for site in sorted(set(sites))]


def _line_numbers(rows: pa.Table) -> Ints:
    """Line of each row in its file, one a nursery and year; rows are in that order, the header is line 1."""
    files = np.char.add(rows["site_id"].to_numpy().astype(str), rows["year"].to_numpy().astype(str))
    return np.arange(len(files)) - np.searchsorted(files, files) + 2


def _tell(truth: Truth, name: str, capacity: pa.Table, attendance: pa.Table, invoices: pa.Table) -> None:
    """What the indicators of one structure must say, by year."""
    hundredths = cents(capacity["slot_hours"]) * capacity["places"].to_numpy()
    capacity = capacity.append_column("capacity_hours", decimals(hundredths))
    came = pc.greater(attendance["attended_hours"], Decimal(0))
    figures: Mapping[str, Mapping[int, Decimal | int]] = {
        "childcare_capacity_hours": tally.total(capacity, "open_on", "capacity_hours"),
        "childcare_attended_hours": tally.total(attendance, "attended_on", "attended_hours"),
        "childcare_billed_hours": tally.total(attendance, "attended_on", "billed_hours"),
        "childcare_children": tally.distinct(attendance, "attended_on", "person_id", came),
        "childcare_family_fees_eur": tally.total(invoices, "care_month", "amount_eur"),
        "childcare_paid_fees_eur": tally.total(invoices, "care_month", "paid_eur"),
    }
    for metric, by_year in figures.items():
        for year, value in by_year.items():
            truth.add("childcare", name, year, metric, value)


def _one_place_more(capacity: pa.Table, rng: np.random.Generator) -> pa.Table:
    return _replace(capacity, "places", pc.add(capacity["places"], 1))


def _longer(attendance: pa.Table, rng: np.random.Generator) -> pa.Table:
    """A quarter of an hour more, booked, billed and attended: who was there left later."""
    for name in ("booked_hours", "billed_hours", "attended_hours"):
        attendance = _replace(attendance, name, decimals(cents(attendance[name]) + 25))
    parts = pc.split_pattern(attendance["left_at"], ":")
    hours, minutes = (pc.list_element(parts, i).cast(pa.int64()) for i in (0, 1))
    quarters = pc.fill_null(pc.add(pc.multiply(hours, 4), pc.divide(minutes, 15)), 0).to_numpy()
    return _replace(attendance, "left_at", clock(quarters + 1, null=pc.is_null(attendance["left_at"]).to_numpy()))


def _one_hour_more(invoices: pa.Table, rng: np.random.Generator) -> pa.Table:
    """One more hour billed, not yet paid."""
    amount = decimals(cents(invoices["amount_eur"]) + cents(invoices["hourly_fee_eur"]))
    hours = decimals(cents(invoices["billed_hours"]) + 100)
    return _replace(_replace(invoices, "amount_eur", amount), "billed_hours", hours)


def _replace(table: pa.Table, name: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    at = table.schema.get_field_index(name)
    return table.set_column(at, name, values.cast(table.schema.field(at).type))
