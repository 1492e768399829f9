"""Dental centres of the sample group: chairs open to patients, their diary, quotes, acts and third-party claims.

The unit of generation is one chair on one open day, always whole: however few records are asked for, occupancy and
basket mix stay plausible, because a smaller sample has fewer chair-days and not emptier ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lake.sample import tally
from lake.sample.ccam import BASKETS, CARE, RAC0, REFORMED, REMOVABLE, TEETH, Act, of, prices
from lake.sample.columns import (
    Cents,
    Days,
    Ints,
    Mask,
    Strings,
    cents,
    clock,
    codes,
    dates,
    decimals,
    even,
    instants,
    pick,
    strings,
)
from lake.sample.days import known
from lake.sample.dirt import FULL, GENTLE
from lake.sample.sink import Sink
from lake.sample.truth import Truth
from lake.sample.world import Tenure, World

#: Days before the data of a centre begin from which it has quotes, acts and claims that go on.
_LEAD = 90
#: The patient's part of the statutory tariff went from 30 % to 40 % on that day.
_COPAYMENT_CHANGE = np.datetime64("2023-10-15")


def generate(world: World, sink: Sink) -> None:
    """Deliver the five dental sources of every structure, and their truth."""
    for structure in world.structures_of("dental"):
        centres = _Structure(world, structure.structure_id, world.rng("dental", structure.structure_id))
        for tenure in world.tenures_of("dental", structure.structure_id):
            centres.work(tenure)
        if centres.chairs:
            centres.deliver(sink)


@dataclass
class _ChairDays:
    """Chairs open on a day, sorted by day. Lengths are in quarters of an hour."""

    days: Days
    chair: Ints
    quarters: Ints
    opening_quarter: Ints
    practitioner: Strings

    def __len__(self) -> int:
        return len(self.days)


@dataclass
class _Slots:
    """Slots booked at chair-days, in order of the day."""

    chair_day: Ints
    days: Days
    start_quarter: Ints
    quarters: Ints
    person: Strings
    is_new: Mask
    reason: Ints
    status: Ints


@dataclass
class _Structure:
    """One structure's centres: what was generated so far, by source."""

    world: World
    structure_id: str
    rng: np.random.Generator
    chairs: list[pa.Table] = field(default_factory=list)
    appointments: list[pa.Table] = field(default_factory=list)
    quote_lines: list[pa.Table] = field(default_factory=list)
    acts: list[pa.Table] = field(default_factory=list)
    claims: list[pa.Table] = field(default_factory=list)
    ids_used: dict[str, int] = field(default_factory=dict)

    def work(self, tenure: Tenure) -> None:
        """The years of one centre."""
        around = self.world.around(tenure, before=_LEAD)
        open_chairs = np.floor(self.world.activity(tenure, around) + even(self.rng, len(around)))
        days = np.repeat(around, open_chairs.astype(np.int64))
        if not len(days):
            return
        site_id = tenure.site.site_id
        chairs = _open_chairs(self.rng, days, site_id)
        self.chairs.append(_chairs_table(site_id, chairs))
        slots = self._book(tenure, chairs)
        self._write_appointments(site_id, chairs, slots)
        self._treat(site_id, chairs, slots)
        self._quote(site_id, chairs, slots)

    def _ids(self, prefix: str, n: int) -> Strings:
        used = self.ids_used.get(prefix, 0)
        self.ids_used[prefix] = used + n
        return np.asarray(self.world.ids(prefix, self.structure_id, n, digits=9, offset=used))

    def _book(self, tenure: Tenure, chairs: _ChairDays) -> _Slots:
        rng = self.rng
        lengths = 1 + pick(rng, len(chairs) * 24, (0.20, 0.50, 0.15, 0.15)).reshape(len(chairs), 24)
        ends = lengths.cumsum(axis=1)
        fill = np.where(chairs.days.astype("datetime64[Y]") == np.datetime64("2020"), 0.86, 0.93)
        booked = (ends <= chairs.quarters[:, None]) & (rng.random(ends.shape) < fill[:, None])
        chair_day, position = np.nonzero(booked)
        days = chairs.days[chair_day]
        person, is_new = self._patients(tenure, days)
        is_missed = even(rng, len(days), 40) < 0.052 + 0.03 * is_new
        is_cancelled = rng.random(len(days)) < 0.08
        return _Slots(
            chair_day=chair_day,
            days=days,
            start_quarter=chairs.opening_quarter[chair_day] + (ends - lengths)[chair_day, position],
            quarters=lengths[chair_day, position],
            person=person,
            is_new=is_new,
            reason=pick(rng, len(days), (0.30, 0.37, 0.15, 0.08, 0.10)),
            status=np.where(is_cancelled, 2, np.where(is_missed, 1, 0)),
        )

    def _patients(self, tenure: Tenure, days: Days) -> tuple[Strings, Mask]:
        """Who comes on each day: one in six for the first time, the others came before, many of them lately."""
        rng, n = self.rng, len(days)
        arrives = even(rng, n) < 1 / 6
        months = days.astype("datetime64[M]")
        before = 3 * int(np.bincount((months - months[0]).astype(np.int64)).max())
        arrivals = np.concatenate([np.repeat(days[:1], before), days[arrives]])
        patients = self.world.draw_people(rng, tenure, arrivals, ages=(5, 90))
        last = before + arrives.cumsum()
        back = np.minimum((rng.random(n) * before).astype(np.int64), last - 1)
        place = np.where(arrives, last - 1, last - 1 - back)
        who = patients[place]
        # Who was drawn before is no newcomer.
        is_first = np.zeros(len(patients), dtype=bool)
        is_first[np.unique(patients, return_index=True)[1]] = True
        is_new = arrives & is_first[place]
        return np.asarray(self.world.people.number)[who], is_new

    def _write_appointments(self, site_id: str, chairs: _ChairDays, slots: _Slots) -> None:
        rng, n = self.rng, len(slots.days)
        lead = np.where(slots.reason == 4, rng.integers(0, 3, n), rng.geometric(1 / 20, n)).astype("timedelta64[D]")
        self.appointments.append(
            pa.table(
                {
                    "appointment_id": strings(self._ids("RV", n)),
                    "site_id": strings(np.full(n, site_id)),
                    "chair_id": strings(_chair_names(chairs.chair[slots.chair_day])),
                    "practitioner_id": strings(chairs.practitioner[slots.chair_day]),
                    "person_id": strings(slots.person),
                    "appointment_on": dates(slots.days),
                    "start_time": clock(slots.start_quarter),
                    "duration_minutes": slots.quarters * 15,
                    "booked_on": dates(slots.days - lead),
                    "reason": codes(("check_up", "care", "prosthetics", "surgery", "emergency"), slots.reason),
                    "channel": codes(("phone", "web", "desk"), pick(rng, n, (0.45, 0.35, 0.20))),
                    "status": codes(("honoured", "no_show", "cancelled"), slots.status),
                    "is_new_patient": slots.is_new,
                    "is_reminded": rng.random(n) < 0.6,
                }
            )
        )

    def _treat(self, site_id: str, chairs: _ChairDays, slots: _Slots) -> None:
        """Care given in honoured slots: one act, or two in a quarter of them."""
        for position, acts in enumerate(CARE.values()):
            reason = position if position < 2 else position + 1  # prosthetics come from quotes
            came = np.flatnonzero((slots.status == 0) & (slots.reason == reason))
            came = np.repeat(came, 1 + (self.rng.random(len(came)) < 0.25))
            chosen = pick(self.rng, len(came), [a.weight for a in acts], block=12)
            self._perform(
                site_id, chairs, slots.chair_day[came], slots.person[came], acts, chosen,
                fees=of(acts, "fee")[chosen], basket=np.full(len(came), -1), quote_ids=None,
            )  # fmt: skip

    def _quote(self, site_id: str, chairs: _ChairDays, slots: _Slots) -> None:
        """Quotes made in honoured slots, answered later; accepted acts are performed on a later chair-day."""
        rng = self.rng
        source = np.flatnonzero((slots.status == 0) & (even(rng, len(slots.days)) < 0.13))
        sizes = 1 + pick(rng, len(source), (0.40, 0.35, 0.25))
        quote = np.repeat(np.arange(len(source)), sizes)
        n = len(quote)
        line = np.arange(n) - np.repeat(sizes.cumsum() - sizes, sizes) + 1
        days = slots.days[source][quote]
        reform = self.world.reform("dental", days)
        u = even(rng, n)
        basket = np.where(u < REFORMED[0] * reform, 0, np.where(u < (REFORMED[0] + REFORMED[1]) * reform, 1, 2))
        decided = days + rng.geometric(1 / 15, len(source))[quote].astype("timedelta64[D]")
        answer = even(rng, len(source))[quote] - 0.10 * (basket == 0)
        status = np.where((answer > 0.84) | (decided > self.world.last_day), 0, np.where(answer < 0.58, 1, 2))
        quote_ids = self._ids("DV", len(source))[quote]
        person = slots.person[source][quote]
        practitioner = chairs.practitioner[slots.chair_day[source]][quote]
        wait = (7 + rng.geometric(1 / 20, n)).astype("timedelta64[D]")
        performed = np.searchsorted(chairs.days, decided + wait)
        for number, acts in enumerate(BASKETS):
            mine = basket == number
            chosen = pick(rng, int(mine.sum()), [a.weight for a in acts], block=12)
            fees = prices(rng, acts, chosen, is_free=number == 2)
            base = of(acts, "base")[chosen]
            k = len(chosen)
            self.quote_lines.append(
                pa.table(
                    {
                        "quote_id": strings(quote_ids[mine]),
                        "line_number": line[mine],
                        "site_id": strings(np.full(k, site_id)),
                        "practitioner_id": strings(practitioner[mine]),
                        "person_id": strings(person[mine]),
                        "tooth": codes(TEETH, rng.integers(0, 32, k)),
                        "act_code": codes([a.code for a in acts], chosen),
                        "grouping_code": codes([a.grouping for a in acts], chosen),
                        "fee_eur": decimals(fees),
                        "base_eur": decimals(base, null=base == 0),
                        "status": codes(("pending", "accepted", "refused"), status[mine]),
                        "quoted_on": dates(days[mine]),
                        "decided_on": dates(decided[mine], null=status[mine] == 0),
                        "changed_at": instants(rng, np.where(status == 0, days, decided)[mine]),
                    }
                )
            )
            done = (status[mine] == 1) & (performed[mine] < len(chairs))
            self._perform(
                site_id, chairs, performed[mine][done], person[mine][done], acts, chosen[done],
                fees=fees[done], basket=np.full(int(done.sum()), number), quote_ids=quote_ids[mine][done],
            )  # fmt: skip

    def _perform(
        self,
        site_id: str,
        chairs: _ChairDays,
        chair_day: Ints,
        person: Strings,
        acts: tuple[Act, ...],
        chosen: Ints,
        *,
        fees: Cents,
        basket: Ints,
        quote_ids: Strings | None,
    ) -> None:
        """Acts performed on chair-days, and their claims. The three shares of a fee add up to it."""
        rng, n = self.rng, len(chosen)
        days = chairs.days[chair_day]
        base = of(acts, "base")[chosen]
        amo = base * np.where(days < _COPAYMENT_CHANGE, 70, 60) // 100
        covered = np.select(
            [basket == -1, basket == 0, basket == 1], [np.minimum(base, fees), fees, fees * 3 // 4], fees // 3
        )
        amc = np.maximum(covered - amo, 0)
        act_ids = self._ids("AC", n)
        self.acts.append(
            pa.table(
                {
                    "act_id": strings(act_ids),
                    "site_id": strings(np.full(n, site_id)),
                    "chair_id": strings(_chair_names(chairs.chair[chair_day])),
                    "practitioner_id": strings(chairs.practitioner[chair_day]),
                    "person_id": strings(person),
                    "quote_id": pa.nulls(n, pa.string()) if quote_ids is None else strings(quote_ids),
                    "tooth": codes(TEETH, rng.integers(0, 32, n)),
                    "act_code": codes([a.code for a in acts], chosen),
                    "grouping_code": codes([a.grouping for a in acts], chosen),
                    "fee_eur": decimals(fees),
                    "base_eur": decimals(base, null=base == 0),
                    "amo_eur": decimals(amo),
                    "amc_eur": decimals(amc),
                    "household_eur": decimals(fees - amo - amc),
                    "performed_on": dates(days),
                }
            )
        )
        is_third_party = rng.random(n) < 0.55
        for payer, amount in (("amo", amo), ("amc", amc)):
            sent = is_third_party & (amount > 0) & (rng.random(n) < (1.0 if payer == "amo" else 0.8))
            self._claim(site_id, payer, act_ids[sent], person[sent], amount[sent], days[sent])

    def _claim(self, site_id: str, payer: str, act_ids: Strings, person: Strings, cents: Cents, days: Days) -> None:
        rng, n = self.rng, len(cents)
        sent = np.minimum(days + rng.integers(0, 4, n).astype("timedelta64[D]"), self.world.last_day)
        returned = sent + rng.integers(3, 12 if payer == "amo" else 40, n).astype("timedelta64[D]")
        is_rejected = even(rng, n, 40) < (0.025 if payer == "amo" else 0.06)
        status = np.where(returned > self.world.last_day, 0, np.where(is_rejected, 2, 1))
        reasons = ("droits fermés", "acte non pris en charge", "bénéficiaire inconnu", "double facturation")
        self.claims.append(
            pa.table(
                {
                    "claim_id": strings(self._ids("TP", n)),
                    "site_id": strings(np.full(n, site_id)),
                    "act_id": strings(act_ids),
                    "person_id": strings(person),
                    "payer": strings(np.full(n, payer)),
                    "status": codes(("sent", "paid", "rejected"), status),
                    "rejection_reason": codes(reasons, pick(rng, n, (0.45, 0.25, 0.20, 0.10)), null=status != 2),
                    "claimed_eur": decimals(cents),
                    "paid_eur": decimals(np.where(status == 1, cents, 0)),
                    "sent_on": dates(sent),
                    "returned_on": dates(returned, null=status == 0),
                    "changed_at": instants(rng, np.where(status == 0, sent, returned)),
                }
            )
        )

    def deliver(self, sink: Sink) -> None:
        """Hand the five sources over, and say what must come out of what remains."""
        sid = self.structure_id

        def rows(parts: list[pa.Table], day: str) -> pa.Table:
            return known(self.world, pa.concat_tables(parts), day)

        chairs = sink.deliver("dental_chairs", sid, rows(self.chairs, "opened_on"), dirt=GENTLE)
        table = rows(self.appointments, "appointment_on")
        slots = sink.deliver("dental_appointments", sid, table, dirt=FULL, correct=_longer)
        lines = sink.deliver("dental_quote_lines", sid, rows(self.quote_lines, "decided_on"), dirt=FULL)
        acts = sink.deliver("dental_acts", sid, rows(self.acts, "performed_on"), dirt=GENTLE, correct=_cheaper)
        table = rows(self.claims, "returned_on")
        sink.deliver("dental_claims", sid, table, dirt=FULL, correct=_claimed_more)
        _tell(sink.truth, sid, chairs, slots, lines, acts)


def _open_chairs(rng: np.random.Generator, days: Days, site_id: str) -> _ChairDays:
    """Which chair is open on each of the (sorted) days: the first of a day is chair 1, and so on."""
    chair = np.arange(len(days)) - np.searchsorted(days, days) + 1
    quarters = np.array([14, 16, 28, 32])[pick(rng, len(days), (0.30, 0.25, 0.20, 0.25))]
    is_afternoon = (quarters <= 16) & (rng.random(len(days)) < 0.5)
    number = int(site_id[1:3]) * 1000 + int(site_id[-2:]) * 10 % 1000
    practitioner = np.array([f"DR{(number + k) % 100_000:05d}" for k in range(10)])[chair % 10]
    return _ChairDays(days, chair, quarters, np.where(is_afternoon, 56, 36), practitioner)


def _chairs_table(site_id: str, chairs: _ChairDays) -> pa.Table:
    return pa.table(
        {
            "site_id": strings(np.full(len(chairs), site_id)),
            "chair_id": strings(_chair_names(chairs.chair)),
            "opened_on": dates(chairs.days),
            "practitioner_id": strings(chairs.practitioner),
            "opens_at": clock(chairs.opening_quarter),
            "open_hours": decimals(chairs.quarters * 25),
        }
    )


def _chair_names(chair: Ints) -> Strings:
    return np.char.add("F", chair.astype(str))


def _add(table: pa.Table, name: str, values: pa.Array | pa.Scalar) -> pa.Table:
    column = pc.add(table[name], values).cast(table.schema.field(name).type)
    return table.set_column(table.schema.get_field_index(name), name, column)


def _longer(slots: pa.Table, rng: np.random.Generator) -> pa.Table:
    return _add(slots, "duration_minutes", pa.scalar(15, slots.schema.field("duration_minutes").type))


def _cheaper(acts: pa.Table, rng: np.random.Generator) -> pa.Table:
    """Up to one euro less, off the patient's share, else the insurer's: the shares add up, and no cap is passed."""
    household, amc = cents(acts["household_eur"]), cents(acts["amc_eur"])
    less = np.minimum(100, np.maximum(household, amc))
    by_household = household >= less
    parts = {"fee_eur": less, "household_eur": less * by_household, "amc_eur": less * ~by_household}
    for column, part in parts.items():
        acts = _add(acts, column, decimals(-part))
    return acts


def _claimed_more(claims: pa.Table, rng: np.random.Generator) -> pa.Table:
    """One euro more, paid too where the claim was."""
    is_paid = pc.equal(claims["status"], "paid").to_numpy()
    return _add(
        _add(claims, "claimed_eur", decimals(np.full(len(claims), 100))),
        "paid_eur",
        decimals(np.where(is_paid, 100, 0)),
    )


def _tell(truth: Truth, name: str, chairs: pa.Table, slots: pa.Table, lines: pa.Table, acts: pa.Table) -> None:
    """What the indicators of one structure must say, by year."""
    kept = slots.filter(pc.not_equal(slots["status"], "cancelled"))
    minutes = kept["duration_minutes"].cast(pa.int64()).to_numpy()
    kept = kept.append_column("booked_hours", decimals(minutes * 100 // 60))  # whole quarters: two decimals are exact
    honoured = pc.equal(kept["status"], "honoured")
    figures: Mapping[str, Mapping[int, Decimal | int]] = {
        "dental_open_hours": tally.total(chairs, "opened_on", "open_hours"),
        "dental_booked_hours": tally.total(kept, "appointment_on", "booked_hours"),
        "dental_honoured_hours": tally.total(kept, "appointment_on", "booked_hours", honoured),
        "dental_no_shows": tally.count(kept, "appointment_on", pc.equal(kept["status"], "no_show")),
        "dental_patients_seen": tally.distinct(kept, "appointment_on", "person_id", honoured),
        "dental_quoted_eur": tally.total(lines, "quoted_on", "fee_eur"),
        "dental_accepted_eur": tally.total(lines, "decided_on", "fee_eur", pc.equal(lines["status"], "accepted")),
        "dental_fees_eur": tally.total(acts, "performed_on", "fee_eur"),
        "dental_rac0_fees_eur": tally.total(acts, "performed_on", "fee_eur", _is_rac0(acts)),
    }
    for metric, by_year in figures.items():
        for year, value in by_year.items():
            truth.add("dental", name, year, metric, value)


def _is_rac0(acts: pa.Table) -> pa.ChunkedArray:
    """Acts without out-of-pocket, which there are since 2020, removable prostheses since 2021."""
    year = pc.year(acts["performed_on"])
    is_removable = pc.is_in(acts["grouping_code"], pa.array(REMOVABLE))
    since = pc.if_else(is_removable, pa.scalar(2021), pa.scalar(2020))
    return pc.and_(pc.is_in(acts["grouping_code"], pa.array(RAC0)), pc.greater_equal(year, since))
