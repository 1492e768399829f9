"""The group's own registers: structures, sites and their history, staff, members and customers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lake.sample import dirt
from lake.sample.sink import Sink
from lake.sample.world import FIRST, LAST, Tenure, World

#: Full-time equivalents for one unit of a site's capacity, by line and profession; a head office has no capacity.
_STAFF = {
    "audio": {"audiologist": 0.9, "audiology_assistant": 0.6},
    "optical": {"optician": 0.75, "sales_assistant": 0.5},
    "dental": {"dentist": 0.85, "dental_assistant": 1.2},
    "childcare": {"early_years_teacher": 0.06, "childcare_assistant": 0.19},
    "group": {"administration": 1.0},
}
_OFFICE_FTE = 24
_MONTHS = np.arange(np.datetime64(FIRST, "M"), np.datetime64(LAST, "M") + 1)
_PARIS = ZoneInfo("Europe/Paris")


def generate(world: World, records: int, sink: Sink) -> None:
    """Write the four sources. How many rows there are follows from the world, not from `records`."""
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
            "changed_at": _at_eight(FIRST),
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
            "changed_at": _at_eight(max(t.since, FIRST)),
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
    parts = [
        _staff_of(world, tenure, profession, per_unit)
        for tenure in world.tenures
        if tenure.structure_id == structure_id
        for profession, per_unit in _STAFF[tenure.site.line].items()
    ]
    live = sink.deliver("group_staff", structure_id, pa.concat_tables(parts), dirt=dirt.GENTLE)
    for year in range(FIRST.year, LAST.year + 1):
        mine = live.filter(pc.equal(pc.year(live.column("month_on")), year))
        sink.truth.add("group", structure_id, year, "group_fte_months", pc.sum(mine.column("fte")).as_py() or 0)


def _staff_of(world: World, tenure: Tenure, profession: str, per_unit: float) -> pa.Table:
    """One row a month in which the site is open and the structure's."""
    since, until = np.datetime64(max(tenure.since, FIRST), "M"), np.datetime64(tenure.until or date(9999, 1, 1), "M")
    months = np.array([month for month in _MONTHS if since <= month < until], "datetime64[M]")
    rng = world.rng("staff", tenure.site.site_id, profession, tenure.since)
    base = max(0.5, per_unit * (tenure.capacity or _OFFICE_FTE) * tenure.site.size)
    trend = 1 + 0.015 * (months - _MONTHS[0]).astype(int) / 12
    cents = np.round(base * trend * rng.normal(1, 0.04, len(months)).clip(0.8, 1.2) * 20).astype(np.int64) * 5
    return pa.table(
        {
            "site_id": pa.array([tenure.site.site_id] * len(months), pa.string()),
            "profession": pa.array([profession] * len(months), pa.string()),
            "month_on": pa.array(months.astype("datetime64[D]")),
            "fte": pa.array((cents / 100).tolist(), pa.float64()).cast(pa.decimal128(18, 2)),
            "headcount": pa.array(np.ceil(cents / 100 * 1.12).astype(np.int64)),
        }
    )


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
