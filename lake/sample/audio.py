"""The hearing-aid centres: prescriptions, trials, fittings, returns and follow-up sessions.

All five follow from an *episode*: a patient who comes with a prescription, tries devices for about a month, and is
fitted or gives up. What makes a trial succeed here is how long the devices are worn; a fitting that was hardly worn
is the one that comes back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lake.sample import tally
from lake.sample.columns import (
    Cents,
    Days,
    Ints,
    Mask,
    Strings,
    cents,
    codes,
    dates,
    decimals,
    even,
    instants,
    pick,
    replace,
    strings,
    without_vat,
    years,
)
from lake.sample.days import NEVER, happened, known, last_days, next_open, until
from lake.sample.dirt import FULL, GENTLE
from lake.sample.geo import register
from lake.sample.sink import Sink
from lake.sample.truth import Truth
from lake.sample.world import Tenure, World

#: Days before the data of a site begin from which patients come back to it for their sessions.
_LEAD = 800

#: ENT specialists and general practitioners, and their part of the prescriptions.
_SPECIALITIES = {"SM39": 0.66, "SM54": 0.34}
_BRANDS = ("Sonalie", "Auréa", "Otisia", "Phonel", "Clarion")
_MODELS = tuple(f"{brand} {kind}" for brand in _BRANDS for kind in ("Essentiel", "Premium"))
_ABANDONS = ("price", "comfort", "benefit", "health", "other")
_RETURNS = ("comfort", "benefit", "price", "defect", "death", "other")
_SESSION_KINDS = ("month_3", "month_6", "month_12", "yearly")
_VAT_PER_MILLE = 55

#: AMO per ear in cents, by year: 60 % of a base of 300 €, then 350 €, then 400 €.
_AMO = {2019: 18_000, 2020: 21_000, 2021: 24_000}

#: And below 20 years of age: 60 % of 1,400 €.
_AMO_OF_A_CHILD = 84_000


@dataclass(frozen=True)
class Episodes:
    """One row per episode; arrays of the same length. A day that never comes is NaT; `last` is the site's last day."""

    site: Strings
    person: Strings
    audiologist: Strings
    prescribed: Days
    received: Days
    started: Days
    ended: Days
    fitted: Days
    returned: Days
    last: Days
    is_first: Mask
    is_class_1: Mask
    is_child: Mask
    is_both: Mask
    is_left: Mask
    is_fitted: Mask
    wear_tenths: Ints
    price: Cents
    discount: Cents

    def take(self, index: Ints) -> Episodes:
        return Episodes(**{f.name: getattr(self, f.name)[index] for f in fields(self)})

    @classmethod
    def join(cls, parts: list[Episodes]) -> Episodes:
        return cls(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)})


def generate(world: World, sink: Sink) -> None:
    """Deliver the five audio sources of every structure, and their truth."""
    for structure in world.structures_of("audio"):
        name = structure.structure_id
        rng = world.rng("audio", name)
        lasts = last_days(world, "audio", name)
        parts = [
            _episodes(world, rng, tenure, lasts[tenure.site.site_id]) for tenure in world.tenures_of("audio", name)
        ]
        if not parts:
            continue
        episodes = Episodes.join(parts)
        prescription = world.ids("OR", name, len(episodes.site))
        trial = world.ids("ES", name, len(episodes.site))

        table = known(world, _prescriptions(world, rng, name, episodes, prescription), "prescribed_on")
        table = known(world, table, "received_on")
        sink.deliver("audio_prescriptions", name, table, dirt=GENTLE)
        table = _trials(rng, episodes, trial, prescription)
        table = known(world, table.filter(pc.less_equal(table["started_on"], pa.scalar(world.last))), "ended_on")
        trials = sink.deliver("audio_trials", name, table, dirt=GENTLE)
        fitted = np.flatnonzero(happened(episodes.fitted))
        table = known(world, _fittings(world, rng, name, episodes, fitted, trial, prescription), "fitted_on")
        fittings = sink.deliver("audio_fittings", name, table, dirt=GENTLE, correct=_cheaper)
        table = _returns(world, rng, name, episodes, trial, fittings)
        returns = sink.deliver("audio_returns", name, table, dirt=FULL, correct=_refunded_less)
        table = known(world, _sessions(world, rng, name, episodes.take(fitted), trial.take(pa.array(fitted))), "due_on")
        sessions = sink.deliver("audio_sessions", name, table, dirt=FULL, correct=_attended_after_all)
        _tell(sink.truth, name, trials, fittings, returns, sessions)


def _episodes(world: World, rng: np.random.Generator, tenure: Tenure, last: np.datetime64) -> Episodes:
    """Trials begun at one site during one tenure, and all that is decided about them."""
    started = world.days(rng, tenure, before=_LEAD, after=60)
    count = len(started)
    is_child = even(rng, count, 25) < 0.04
    who = world.draw_people(rng, tenure, started, ages=(50, 99))
    who[is_child] = world.draw_people(rng, tenure, started[is_child], ages=(4, 17))
    received = started - rng.integers(1, 8, count)
    wear = np.clip(rng.normal(78, 30, count), 3, 160).astype(np.int64)
    succeeds = even(rng, count) < 1 / (1 + np.exp(0.9 - 0.029 * wear))
    ends = np.full(count, last)
    ended = next_open(world, "audio", started + rng.integers(21, 40, count))
    cut_short = (ended > last) & (last < world.last_day)  # the site closes, or goes to another structure
    ended = np.where(cut_short, last, until(ended, ends))
    succeeds &= ~cut_short
    fitted = until(next_open(world, "audio", ended + rng.integers(0, 9, count)), ends)
    fitted[~succeeds] = NEVER
    comes_back = happened(fitted) & (rng.random(count) < np.clip(0.09 - 0.0007 * wear, 0.005, 1))
    returned = until(next_open(world, "audio", fitted + rng.integers(4, 75, count)), ends)
    returned[~comes_back] = NEVER
    is_class_1 = even(rng, count) < 0.03 + 0.37 * world.reform("audio", started)
    is_class_1 |= is_child & (rng.random(count) < 0.7)
    price, discount = _prices(rng, is_class_1, is_child)
    return Episodes(
        site=np.full(count, tenure.site.site_id),
        person=world.people.number[who],
        audiologist=np.char.add("AUD", rng.integers(1, max(tenure.capacity, 1) + 1, count).astype(np.str_)),
        prescribed=received - rng.gamma(2.0, 9.0, count).astype(np.int64),
        received=received,
        started=started,
        ended=ended,
        fitted=fitted,
        returned=returned,
        last=ends,
        is_first=rng.random(count) < 0.6,
        is_class_1=is_class_1,
        is_child=is_child,
        is_both=even(rng, count) < 0.73,
        is_left=rng.random(count) < 0.5,
        is_fitted=succeeds & happened(ended),
        wear_tenths=wear,
        price=price,
        discount=discount,
    )


def _prices(rng: np.random.Generator, is_class_1: Mask, is_child: Mask) -> tuple[Cents, Cents]:
    """Price of a device and the discount already taken off it. Class I is capped at 950 €, below 20 years at 1,400."""
    count = len(is_class_1)
    capped = np.where(is_child, 140_000, 95_000) - 5_000 * pick(rng, count, (2, 1, 2, 3, 2, 1, 1))
    free = np.clip(rng.lognormal(7.44, 0.2, count), 990, 3_400).round(-1).astype(np.int64) * 100
    discount = np.where(~is_class_1 & (rng.random(count) < 0.15), 5_000 * rng.integers(1, 5, count), 0)
    return np.where(is_class_1, capped, free - discount), discount


def _prescriptions(world: World, rng: np.random.Generator, name: str, e: Episodes, prescription: pa.Array) -> pa.Table:
    """Prescriptions by doctors of the public register who practise in the structure's towns, if there are any."""
    count = len(e.site)
    doctors = register(world)
    is_near = np.array([commune.structure_id == name for commune in world.communes])[doctors.commune]
    speciality = pick(rng, count, tuple(_SPECIALITIES.values()), block=12)
    prescriber = np.full(count, "", dtype=doctors.number.dtype)
    for position, code in enumerate(_SPECIALITIES):
        mine, known = speciality == position, doctors.speciality == code
        those = doctors.number[known & is_near] if (known & is_near).any() else doctors.number[known]
        prescriber[mine] = rng.choice(those, int(mine.sum()))
    return pa.table(
        {
            "prescription_id": prescription,
            "site_id": strings(e.site),
            "person_id": strings(e.person),
            "prescriber_id": strings(prescriber),
            "prescriber_speciality": codes(tuple(_SPECIALITIES), speciality),
            "is_first_equipment": pa.array(e.is_first),
            "prescribed_on": dates(e.prescribed),
            "received_on": dates(e.received),
            "changed_at": instants(rng, e.received),
        }
    )


def _trials(rng: np.random.Generator, e: Episodes, trial: pa.Array, prescription: pa.Array) -> pa.Table:
    count = len(e.site)
    is_open = ~happened(e.ended)
    reason = pick(rng, count, (0.3, 0.25, 0.25, 0.08, 0.12))
    return pa.table(
        {
            "trial_id": trial,
            "site_id": strings(e.site),
            "person_id": strings(e.person),
            "prescription_id": prescription,
            "audiologist_code": strings(e.audiologist),
            "ears": codes(("left", "right", "both"), np.where(e.is_both, 2, np.where(e.is_left, 0, 1))),
            "device_class": codes(("I", "II"), np.where(e.is_class_1, 0, 1)),
            "outcome": codes(("open", "fitted", "abandoned"), np.where(is_open, 0, np.where(e.is_fitted, 1, 2))),
            "abandon_reason": codes(_ABANDONS, reason, null=is_open | e.is_fitted),
            "quoted_eur": decimals(e.price * np.where(e.is_both, 2, 1)),
            "wear_hours": decimals(e.wear_tenths, 1, null=is_open),
            "adjustments": pa.array(rng.poisson(1.5, count), pa.int64(), mask=is_open),
            "started_on": dates(e.started),
            "ended_on": dates(e.ended),
            "changed_at": instants(rng, np.where(is_open, e.started, e.ended)),
        }
    )


def _fittings(world: World, rng: np.random.Generator, name: str, episodes: Episodes, fitted: Ints, trial: pa.Array,
              prescription: pa.Array) -> pa.Table:  # fmt: skip
    """One row an ear: binaural episodes twice, left then right."""
    both = episodes.is_both[fitted]
    index = np.repeat(fitted, np.where(both, 2, 1))
    e, episode = episodes.take(index), pa.array(index)
    count = len(index)
    is_second = np.append(False, index[1:] == index[:-1]) if count else np.zeros(0, bool)
    is_left = np.where(e.is_both, ~is_second, e.is_left)
    amo = np.vectorize(lambda year: _AMO[min(max(year, 2019), 2021)], otypes=[np.int64])(years(e.fitted))
    amo = np.where(e.is_child, np.minimum(_AMO_OF_A_CHILD, e.price * 60 // 100), amo)
    amc, patient = _shares(rng, e, amo)
    act = np.where(e.is_class_1, 0, np.where(rng.random(count) < 0.9, 1, 2))
    brand = pick(rng, count, (0.3, 0.25, 0.2, 0.15, 0.1))
    worn_days = np.clip(rng.normal(5.5, 1.2, count), 4, 12) * 365.25
    serial = np.array([f"SN{name[1:]}{i:09d}" for i in range(1, count + 1)], np.str_)
    return pa.table(
        {
            "fitting_id": world.ids("AP", name, count),
            "site_id": strings(e.site),
            "person_id": strings(e.person),
            "prescription_id": prescription.take(episode),
            "trial_id": trial.take(episode),
            "audiologist_code": strings(e.audiologist),
            "ear": codes(("left", "right"), np.where(is_left, 0, 1)),
            "device_class": codes(("I", "II"), np.where(e.is_class_1, 0, 1)),
            "act_code": codes(("PAZ", "PAU", "AUA"), act),
            "brand": codes(_BRANDS, brand),
            "device_model": codes(_MODELS, brand * 2 + ~e.is_class_1),
            "device_serial": strings(serial),
            "discount_eur": decimals(e.discount),
            "price_eur": decimals(e.price),
            "price_excl_vat_eur": decimals(without_vat(e.price, _VAT_PER_MILLE)),
            "amo_eur": decimals(amo),
            "amc_eur": decimals(amc),
            "patient_eur": decimals(patient),
            "is_renewal": pa.array(~e.is_first),
            "previous_fitted_on": dates(e.fitted - worn_days.astype(np.int64), null=e.is_first),
            "fitted_on": dates(e.fitted),
            "warranty_until_on": dates(e.fitted + 4 * 365),
            "changed_at": instants(rng, e.fitted),
        }
    )


def _shares(rng: np.random.Generator, e: Episodes, amo: Cents) -> tuple[Cents, Cents]:
    """What the complementary insurer and the patient pay. Class I leaves nothing to the patient since 2021."""
    left = e.price - amo
    free = np.minimum(left, 100 * rng.integers(550, 1_100, len(left)))
    amc = np.where(e.is_class_1 & (years(e.fitted) >= 2021), left, free)
    return amc, left - amc


def _cheaper(fittings: pa.Table, rng: np.random.Generator) -> pa.Table:
    """A correction of fittings: ten euros less, for the patient or else the insurer; the shares still add up."""
    was = {c: cents(fittings[c]) for c in ("price_eur", "discount_eur", "amc_eur", "patient_eur")}
    by_patient = was["patient_eur"] >= 1_000
    price = was["price_eur"] - 1_000
    changed = {
        "price_eur": price,
        "discount_eur": was["discount_eur"] + 1_000,
        "price_excl_vat_eur": without_vat(price, _VAT_PER_MILLE),
        "amc_eur": was["amc_eur"] - np.where(by_patient, 0, 1_000),
        "patient_eur": was["patient_eur"] - np.where(by_patient, 1_000, 0),
    }
    return replace(fittings, {column: decimals(values) for column, values in changed.items()})


def _returns(world: World, rng: np.random.Generator, name: str, e: Episodes, trial: pa.Array,
             fittings: pa.Table) -> pa.Table:  # fmt: skip
    """The devices of the episodes that came back, refunded at the price that was paid in the end."""
    episode = pc.index_in(fittings["trial_id"], trial).to_numpy()
    back = happened(e.returned[episode])
    fittings, e = fittings.filter(pa.array(back)), e.take(episode[back])
    return pa.table(
        {
            "return_id": world.ids("RT", name, len(fittings)),
            "site_id": fittings["site_id"],
            "person_id": fittings["person_id"],
            "fitting_id": fittings["fitting_id"],
            "return_reason": codes(_RETURNS, pick(rng, len(fittings), (0.3, 0.3, 0.12, 0.1, 0.08, 0.1))),
            "refund_eur": fittings["price_eur"],
            "refund_excl_vat_eur": fittings["price_excl_vat_eur"],
            "returned_on": dates(e.returned),
            "changed_at": instants(rng, e.returned),
        }
    )


def _refunded_less(returns: pa.Table, rng: np.random.Generator) -> pa.Table:
    """A correction of returns: the refund was five per cent too high."""
    refund = cents(returns["refund_eur"]) * 95 // 100
    excl_vat = without_vat(refund, _VAT_PER_MILLE)
    return replace(returns, {"refund_eur": decimals(refund), "refund_excl_vat_eur": decimals(excl_vat)})


def _sessions(world: World, rng: np.random.Generator, name: str, episodes: Episodes, trial: pa.Array) -> pa.Table:
    """The sessions that fell due while the site was the structure's: 3, 6 and 12 months, then yearly."""
    delays = np.array([91, 182, 365, *(365 * year for year in range(2, 7))])
    likely = np.array([0.9, 0.85, 0.82, 0.7, 0.64, 0.6, 0.58, 0.55])
    step = np.tile(np.arange(len(delays)), len(episodes.site))
    index = np.repeat(np.arange(len(episodes.site)), len(delays))
    due = next_open(world, "audio", episodes.fitted[index] + delays[step])
    kept = due <= episodes.last[index]
    step, index, due = step[kept], index[kept], due[kept]
    e = episodes.take(index)
    done = next_open(world, "audio", due + np.clip(rng.normal(2, 9, len(due)), -20, 30).astype(np.int64))
    is_cancelled = e.returned <= due
    is_done = (rng.random(len(due)) < likely[step]) & (done <= e.last) & ~is_cancelled
    status = np.where(is_cancelled, 3, np.where(is_done, 1, 2))
    return pa.table(
        {
            "session_id": world.ids("SE", name, len(due)),
            "site_id": strings(e.site),
            "person_id": strings(e.person),
            "trial_id": trial.take(pa.array(index)),
            "act_code": codes(("SUI",), np.zeros(len(due), np.int64)),
            "session_kind": codes(_SESSION_KINDS, np.minimum(step, 3)),
            "status": codes(("planned", "done", "missed", "cancelled"), status),
            "duration_minutes": pa.array(15 * rng.integers(1, 5, len(due)), pa.int64(), mask=~is_done),
            "due_on": dates(due),
            "done_on": dates(done, null=~is_done),
            "changed_at": instants(rng, np.where(is_done, np.maximum(done, due), due)),
        }
    )


def _attended_after_all(sessions: pa.Table, rng: np.random.Generator) -> pa.Table:
    """A correction of sessions: the patient did come after all, or did not."""
    was_done = pc.equal(sessions["status"], "done")
    changed = {
        "status": pc.if_else(was_done, "missed", "done"),
        "duration_minutes": pc.if_else(was_done, pa.scalar(None, pa.int64()), 30),
        "done_on": pc.if_else(was_done, pa.scalar(None, pa.date32()), sessions["due_on"]),
    }
    return replace(sessions, changed)


def _tell(truth: Truth, name: str, trials: pa.Table, fittings: pa.Table, returns: pa.Table, sessions: pa.Table) -> None:
    """What the indicators of one structure must say, by year."""
    ears = fittings.group_by("trial_id").aggregate([("ear", "count_distinct")])
    both = ears.filter(pc.equal(ears["ear_count_distinct"], 2))["trial_id"]
    is_closed = pc.not_equal(trials["outcome"], "open")
    is_first_year = pc.not_equal(sessions["session_kind"], "yearly")
    is_due = pc.and_(is_first_year, pc.not_equal(sessions["status"], "cancelled"))
    is_done = pc.and_(is_first_year, pc.equal(sessions["status"], "done"))
    figures: Mapping[str, Mapping[int, Decimal | int]] = {
        "audio_devices_fitted": tally.count(fittings, "fitted_on"),
        "audio_class_1_devices": tally.count(fittings, "fitted_on", pc.equal(fittings["device_class"], "I")),
        "audio_sales_eur": tally.total(fittings, "fitted_on", "price_eur"),
        "audio_refunds_eur": tally.total(returns, "returned_on", "refund_eur"),
        "audio_net_sales_eur": tally.total(fittings, "fitted_on", "price_eur"),
        "audio_patients_fitted": tally.distinct(fittings, "fitted_on", "person_id"),
        "audio_patients_fitted_both_ears": tally.distinct(
            fittings, "fitted_on", "person_id", pc.is_in(fittings["trial_id"], both)
        ),
        "audio_devices_returned": tally.count(returns, "returned_on"),
        "audio_trials_closed": tally.count(trials, "ended_on", is_closed),
        "audio_trials_fitted": tally.count(trials, "ended_on", pc.equal(trials["outcome"], "fitted")),
        "audio_sessions_due": tally.count(sessions, "due_on", is_due),
        "audio_sessions_done": tally.count(sessions, "due_on", is_done),
    }
    for metric, by_year in figures.items():
        for year, value in by_year.items():
            truth.add("audio", name, year, metric, value)
    for year, value in figures["audio_refunds_eur"].items():
        truth.add("audio", name, year, "audio_net_sales_eur", -value)
