"""A group of a handful of records, written by hand: what its indicators must say can be worked out on paper.

Rows are given by the fields of the contracts, most of them with a value that is never looked at; each source becomes
one file a structure, in the format of its contract.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from lake.contracts import Contract, Field, contract
from lake.sample.render import Dialect, Renderer, columns

Row = Mapping[str, Any]

#: The name of a source's file, by structure.
FILES = {
    "group_structures": "groupe_structures.csv",
    "group_sites": "{0}_sites.csv",
    "group_people": "{0}_adherents_2025.csv",
    "geo_communes": "communes_2025.csv",
    "audio_prescriptions": "{0}_audio_ordonnances_2025-01.csv",
    "audio_trials": "{0}_audio_essais_2025-01.csv",
    "audio_fittings": "{0}_audio_appareillages_2025-02.csv",
    "audio_returns": "{0}_audio_retours_2025-01.csv",
    "dental_chairs": "{0}_dentaire_fauteuils_2025-01.csv",
    "dental_appointments": "{0}_dentaire_rendez_vous_2025-01.jsonl",
    "dental_quote_lines": "{0}_dentaire_devis_2025-01.csv",
    "dental_acts": "{0}_dentaire_actes_2025-01.csv",
    "dental_claims": "{0}_dentaire_tiers_payant_2025-01.jsonl",
    "optical_quotes": "{0}_optique_devis_2025-01.csv",
    "optical_sale_lines": "{0}_optique_ventes_2025-01.parquet",
    "optical_claims": "{0}_optique_tiers_payant_2025-01.csv",
    "optical_purchases": "{0}_optique_achats_2019-01.csv",
    "childcare_capacity": "{0}_creche_agrements_2025-01.xlsx",
    "childcare_contracts": "{0}_creche_contrats_2025-01.csv",
    "childcare_attendance": "{0}_creche_presences_2025-01.csv",
    "childcare_invoices": "{0}_creche_factures_2025-01.csv",
}

#: What a row says where a test says nothing.
USUAL: dict[str, Any] = {
    "changed_at": datetime(2025, 12, 1, 9, tzinfo=UTC),
    "operation": "C",
    "is_active": True,
    "siren": "999000011",
    "siret": "99900001100011",
    "joined_on": date(2000, 1, 1),
    "enrolled_on": date(2000, 1, 1),
    "opened_on": date(2000, 1, 1),
    "valid_from": date(2000, 1, 1),
    "sex": "F",
    "scheme": "general",
    "population": 0,
    "prescriber_speciality": "SM39",
    "is_first_equipment": True,
    "ears": "left",
    "ear": "left",
    "discount_eur": 0,
    "amo_eur": 0,
    "amc_eur": 0,
    "practitioner_id": "DR01001",
    "chair_id": "F1",
    "channel": "phone",
    "is_new_patient": False,
    "is_third_party": False,
    "is_class_a": False,
    "quantity": 1,
    "line_number": 1,
    "equipment": "glasses",
    "last_stage": "decided",
}


def write(folder: Path, rows: Mapping[str, Sequence[Row]]) -> None:
    """The files of these rows, by source; `structure_id` of a row says whose file it stands in."""
    folder.mkdir(parents=True, exist_ok=True)
    for source, all_rows in rows.items():
        told = contract(source)
        by_structure: dict[str, list[Row]] = defaultdict(list)
        for row in all_rows:
            by_structure[row.get("structure_id") or row.get("site_id", "S01")[:3]].append(row)
        if "{0}" not in FILES[source]:
            by_structure = defaultdict(list, {"": list(all_rows)})
        for structure, some in by_structure.items():
            path = folder / FILES[source].format(structure)
            path.write_bytes(Renderer(told, _table(told, some), _style(told)).file(range(len(some)), {}))


def _table(told: Contract, rows: Sequence[Row]) -> pa.Table:
    return pa.table({f.name: pa.array([_value(f, row) for row in rows], _type(f)) for f in columns(told)})


def _type(field: Field) -> pa.DataType:
    return pa.string() if field.personal in ("pseudonym", "drop") else field.arrow_type


def _value(field: Field, row: Row) -> Any:
    value = row.get(field.name, USUAL.get(field.name))
    if value is None and field.name.startswith("population"):
        return 0
    return Decimal(str(value)) if field.kind == "decimal" and value is not None else value


def _style(told: Contract) -> Dialect:
    reading = told.reading
    return Dialect(
        encoding=reading.encodings[0],
        separator=reading.separators[0] if reading.separators else ";",
        decimal=reading.decimal,
        thousands="",
        dates=reading.dates[0] if reading.dates else "%d/%m/%Y",
        timestamps=reading.timestamps[0] if reading.timestamps else "%d/%m/%Y %H:%M:%S",
        zone=reading.zone,
        quotes_all=False,
        line_end="\n",
        gzip=False,
    )
