"""The group's own registers: structures, sites and their history, staff, members and customers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lake.sample import dirt
from lake.sample.columns import cents, dates, decimals
from lake.sample.columns import replace as replace_columns
from lake.sample.economics import HQ_STAFF, TRADES, Floats, months
from lake.sample.sink import Sink
from lake.sample.world import Tenure, World

_PARIS = ZoneInfo("Europe/Paris")


def generate(world: World, sink: Sink) -> None:
    """Write the four sources."""
    _structures(world, sink)
    for structure in world.structures:
        _sites(world, structure.structure_id, sink)
        _staff(world, structure.structure_id, sink)
        _people(world, structure.structure_id, sink)


def _structures(world: World, sink: Sink) -> None:
    offices = {t.structure_id: t.site.commune for t in world.tenures if t.site.line == "group"}
    rows = [
        {
            "structure_id": s.structure_id,
            "structure_name": s.name,
            "siren": s.siren,
            "commune_code": offices[s.structure_id].insee_code,
            "is_active": True,
            "joined_on": date(1990 + number, 1, 1),
            "changed_at": _at_eight(world.first),
        }
        for number, s in enumerate(world.structures)
    ]
    sink.deliver("group_structures", "group", pa.Table.from_pylist(rows), dirt=replace(dirt.NONE, resent_renamed=1.0))


def _sites(world: World, structure_id: str, sink: Sink) -> None:
    """Every record of the sites whose first structure it is: one a tenure, so one for each change."""
    rows = [
        {
            "site_id": t.site.site_id,
            "valid_from": t.since,
            "structure_id": t.structure_id,
            "line": t.site.line,
            "site_name": t.site.name,
            "finess": t.site.finess,
            "siret": t.site.siret,
            "address": f"{int(t.site.siret[-4:-1]) % 90 + 1} rue des Exemples",
            "commune_code": t.site.commune.insee_code,
            "latitude": t.site.latitude,
            "longitude": t.site.longitude,
            "capacity": t.capacity or None,
            "opened_on": t.site.opened_on,
            "closed_on": t.site.closed_on,
            "changed_at": _at_eight(max(t.since, world.first)),
        }
        for t in world.tenures
        if t.site.site_id.startswith(structure_id)
    ]
    sink.deliver(
        "group_sites",
        structure_id,
        pa.Table.from_pylist(rows),
        dirt=replace(dirt.GENTLE, repeated=0.03, corrected=0.04, returned=0.02),
        correct=_moved_next_door,
        names={"sender": structure_id},
    )


def _moved_next_door(rows: pa.Table, _: np.random.Generator) -> pa.Table:
    address = pc.replace_substring(rows.column("address"), " rue", " bis rue")
    return rows.set_column(rows.column_names.index("address"), "address", address)


def _staff(world: World, structure_id: str, sink: Sink) -> None:
    tenures = [t for t in world.tenures if t.structure_id == structure_id]
    usual = [months(world, tenure).usual for tenure in tenures]
    everything = np.sum(usual, axis=0)
    parts = [
        _staff_of(
            world, tenure, profession, income * 12 / euros + (everything * 12 / HQ_STAFF if at_head_office else 0)
        )
        for tenure, income in zip(tenures, usual, strict=True)
        for at_head_office in (tenure.site.line == "group",)  # whose people work for all sites too
        for profession, euros in TRADES[tenure.site.line].staff
    ]
    live = sink.deliver("group_staff", structure_id, pa.concat_tables(parts), dirt=dirt.GENTLE, correct=_one_hour_more)
    for year in range(world.first.year, world.last.year + 1):
        mine = live.filter(pc.equal(pc.year(live.column("month_on")), year))
        sink.truth.add("group", structure_id, year, "group_fte_months", pc.sum(mine.column("fte")).as_py() or 0)


def _staff_of(world: World, tenure: Tenure, profession: str, wanted: Floats) -> pa.Table:
    """One row a month in which the site is open and the structure's."""
    on = np.unique(world.calendar.astype("datetime64[M]"))
    on = on[on >= np.datetime64(max(tenure.since, tenure.site.joined_on), "M")]
    if tenure.until is not None:
        on = on[on < np.datetime64(tenure.until, "M")]
    n = len(on)
    rng = world.rng("staff", tenure.site.site_id, profession, tenure.since)
    exact = (
        wanted[(on - np.datetime64(world.first, "M")).astype(np.int64)] * 100 * rng.normal(1, 0.04, n).clip(0.8, 1.2)
    )
    hundredths = np.floor(exact + rng.random(n)).astype(np.int64)  # up or down, so that small parts add up to the whole
    return pa.table(
        {
            "site_id": pa.array([tenure.site.site_id] * n, pa.string()),
            "profession": pa.array([profession] * n, pa.string()),
            "month_on": dates(on),
            "fte": decimals(hundredths),
            "headcount": pa.array(np.ceil(hundredths / 100 * 1.12).astype(np.int64)),
        }
    )


def _one_hour_more(rows: pa.Table, _: np.random.Generator) -> pa.Table:
    """A correction of staff: a hundredth of an FTE had been forgotten, where nobody was known of somebody's."""
    changed = {
        "fte": decimals(cents(rows["fte"]) + 1),
        "headcount": pc.max_element_wise(rows["headcount"], pa.scalar(1, rows["headcount"].type)),
    }
    return replace_columns(rows, changed)


def _people(world: World, structure_id: str, sink: Sink) -> None:
    people = world.people
    at_home = np.array([c.structure_id == structure_id for c in world.communes])
    codes = np.array([c.insee_code for c in world.communes])
    who = np.flatnonzero(at_home[people.town])
    table = pa.table(
        {
            "person_id": pa.array(people.number[who].tolist(), pa.string()),
            "birth_on": pa.array(people.birth[who].astype("datetime64[D]")),
            "sex": pa.array(people.sex[who].tolist(), pa.string()),
            "commune_code": pa.array(codes[people.commune[who]].tolist(), pa.string()),
            "scheme": pa.array(people.scheme[who].tolist(), pa.string()),
            "enrolled_on": pa.array(people.enrolled[who].astype("datetime64[D]")),
        }
    )
    sink.deliver("group_people", structure_id, table, dirt=dirt.GENTLE, correct=_changed_scheme)


def _changed_scheme(rows: pa.Table, _: np.random.Generator) -> pa.Table:
    scheme = pc.if_else(pc.equal(rows.column("scheme"), "general"), "other", "general")
    return rows.set_column(rows.column_names.index("scheme"), "scheme", scheme)


def _at_eight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 8, tzinfo=_PARIS)
