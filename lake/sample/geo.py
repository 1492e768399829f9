"""What surrounds the sites: communes, competitors as OpenStreetMap has them, professionals as the RPPS lists them.

All names are invented; every commune is real.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pyarrow as pa

from lake.sample import dirt
from lake.sample.people import Ints, Texts
from lake.sample.places import luhn
from lake.sample.sink import Sink
from lake.sample.world import World

#: Age bands of a commune's population and a typical share of each.
_BANDS = {"00_05": 0.065, "06_15": 0.12, "16_29": 0.17, "30_44": 0.185, "45_59": 0.19, "60_74": 0.17, "75_plus": 0.1}

#: Kind of competitor: (tag, value, inhabitants for one, first words of names).
_COMPETITORS = (
    ("shop", "optician", 9_000, ("Optique", "Lunettes", "Vision")),
    ("shop", "hearing_aids", 22_000, ("Audition", "Écoute")),
    ("healthcare", "audiologist", 60_000, ("Audioprothèse",)),
    ("amenity", "dentist", 12_000, ("Cabinet dentaire",)),
    ("amenity", "kindergarten", 20_000, ("Les Petits Pas", "La Ronde")),
    ("amenity", "childcare", 25_000, ("Micro-crèche", "Halte-garderie")),
)
_STREETS = ("du Marché", "de la Gare", "des Arcades", "Bellevue", "du Théâtre", "des Tilleuls", "Sainte-Anne")
_BRANDS = (None, None, "Clairvue", "Oyez", "Grand Regard")

#: Kind of professional: profession code and name, speciality code and name, inhabitants for one.
_PROFESSIONALS = (
    ("10", "Médecin", "SM54", "Médecine générale", 4_000),
    ("10", "Médecin", "SM39", "Oto-rhino-laryngologie", 30_000),
    ("10", "Médecin", "SM38", "Ophtalmologie", 20_000),
    ("10", "Médecin", "SM40", "Pédiatrie", 30_000),
    ("40", "Chirurgien-Dentiste", None, None, 9_000),
    ("26", "Audioprothésiste", None, None, 25_000),
    ("28", "Opticien-Lunetier", None, None, 12_000),
    ("92", "Orthoptiste", None, None, 30_000),
)

#: The header of the RPPS extract.
_RPPS = (
    "Type d'identifiant PP|Identifiant PP|Identification nationale PP|Code civilité d'exercice|"
    "Libellé civilité d'exercice|Code civilité|Libellé civilité|Nom d'exercice|Prénom d'exercice|Code profession|"
    "Libellé profession|Code catégorie professionnelle|Libellé catégorie professionnelle|Code type savoir-faire|"
    "Libellé type savoir-faire|Code savoir-faire|Libellé savoir-faire|Code mode exercice|Libellé mode exercice|"
    "Numéro SIRET site|Numéro SIREN site|Numéro FINESS site|Numéro FINESS établissement juridique|"
    "Identifiant technique de la structure|Raison sociale site|Enseigne commerciale site|"
    "Complément destinataire (coord. structure)|Complément point géographique (coord. structure)|"
    "Numéro Voie (coord. structure)|Indice répétition voie (coord. structure)|Code type de voie (coord. structure)|"
    "Libellé type de voie (coord. structure)|Libellé Voie (coord. structure)|Mention distribution (coord. structure)|"
    "Bureau cedex (coord. structure)|Code postal (coord. structure)|Code commune (coord. structure)|"
    "Libellé commune (coord. structure)|Code pays (coord. structure)|Libellé pays (coord. structure)|"
    "Téléphone (coord. structure)|Téléphone 2 (coord. structure)|Télécopie (coord. structure)|"
    "Adresse e-mail (coord. structure)|Code Département (structure)|Libellé Département (structure)|"
    "Ancien identifiant de la structure|Autorité d'enregistrement|Code secteur d'activité|"
    "Libellé secteur d'activité|Code section tableau pharmaciens|Libellé section tableau pharmaciens|"
    "Code rôle|Libellé rôle|Code genre activité|Libellé genre activité"
)


@dataclass(frozen=True)
class Register:
    """Professionals, one element a person: RPPS number, kind (position in the list of kinds), commune, speciality."""

    number: Texts
    kind: Ints
    commune: Ints
    speciality: Texts


@lru_cache(maxsize=2)
def register(world: World) -> Register:
    """The health professionals of the sample; lines whose rows name a prescriber draw from it."""
    rng = world.rng("register")
    kinds, communes = [], []
    for position, commune in enumerate(world.communes):
        for kind, (*_, inhabitants) in enumerate(_PROFESSIONALS):
            count = int(rng.poisson(min(commune.population, 150_000) / inhabitants / 2))
            kinds += [kind] * count
            communes += [position] * count
    number = np.array([luhn(f"9900{i:06d}") for i in range(len(kinds))])
    speciality = np.array([_PROFESSIONALS[k][2] or "" for k in kinds])
    return Register(number, np.array(kinds), np.array(communes), speciality)


def generate(world: World, sink: Sink) -> None:
    """Write the three sources. How many rows there are follows from the communes."""
    _communes(world, sink)
    _competitors(world, sink)
    _prescribers(world, sink)


def _communes(world: World, sink: Sink) -> None:
    rng = world.rng("geo", "communes")
    rows: list[dict[str, object]] = []
    for c in world.communes:
        shares = np.array(list(_BANDS.values())) * rng.normal(1, 0.08, len(_BANDS)).clip(0.7, 1.3)
        counts = np.floor(shares / shares.sum() * c.population).astype(int)
        counts[0] += c.population - counts.sum()
        rows.append(
            {
                "commune_code": c.insee_code,
                "commune_name": c.name,
                "postcode": c.postcode,
                "department_code": c.department_code,
                "department_name": c.department,
                "region_name": c.region,
                "latitude": c.latitude,
                "longitude": c.longitude,
                "population": c.population,
                **{f"population_{band}": int(n) for band, n in zip(_BANDS, counts, strict=True)},
            }
        )
    sink.deliver("geo_communes", "group", pa.Table.from_pylist(rows), dirt=dirt.NONE)


def _competitors(world: World, sink: Sink) -> None:
    rng = world.rng("geo", "competitors")
    rows: list[dict[str, object]] = []
    span = (world.last - world.first).days
    for c in world.communes:
        for tag, value, inhabitants, words in _COMPETITORS:
            for _ in range(int(rng.poisson(min(c.population, 150_000) / inhabitants / 2))):
                brand = _BRANDS[int(rng.integers(len(_BRANDS)))] if tag == "shop" else None
                word, street = words[int(rng.integers(len(words)))], _STREETS[int(rng.integers(len(_STREETS)))]
                edited = np.datetime64(world.first, "s") + rng.integers(span * 86_400).astype("timedelta64[s]")
                rows.append(
                    {
                        "osm_id": f"node/{990_000_000 + len(rows)}",
                        "name": brand or f"{word} {street}",
                        "brand": brand,
                        "shop": None,
                        "healthcare": None,
                        "amenity": None,
                        tag: value,
                        "postcode": c.postcode,
                        "city": c.name,
                        "latitude": round(c.latitude + float(rng.normal(0, 0.012)), 6),
                        "longitude": round(c.longitude + float(rng.normal(0, 0.016)), 6),
                        "changed_at": edited.astype("datetime64[ms]").item(),
                    }
                )
    table = pa.Table.from_pylist(rows)
    sink.deliver("geo_competitors", "group", table, dirt=dirt.GENTLE, correct=_renamed)


def _renamed(rows: pa.Table, _: np.random.Generator) -> pa.Table:
    names = [f"{name} (nouveau)" for name in rows.column("name").to_pylist()]
    return rows.set_column(rows.column_names.index("name"), "name", pa.array(names, pa.string()))


def _prescribers(world: World, sink: Sink) -> None:
    """Today's extract, of 56 columns: it holds every professional."""
    its, rng = register(world), world.rng("geo", "prescribers")
    rows = []
    for number, kind, commune in zip(its.number.tolist(), its.kind.tolist(), its.commune.tolist(), strict=True):
        place = world.communes[commune]
        code, profession, speciality_code, speciality, _ = _PROFESSIONALS[kind]
        rows.append(
            {
                "prescriber_id": number,
                "practice_id": f"R99{number[-7:]}",
                "speciality_code": speciality_code,
                "last_name": "EXEMPLE",
                "first_name": "Camille",
                "profession_code": code,
                "profession": profession,
                "speciality": speciality,
                "practice_mode": "Libéral" if rng.random() < 0.7 else "Salarié",
                "postcode": place.postcode,
                "commune_code": place.insee_code,
                "phone": "0699000000",
            }
        )
    repeated = replace(dirt.NONE, repeated=0.004)
    sink.deliver(
        "geo_prescribers", "group", pa.Table.from_pylist(rows), dirt=repeated, headers=_RPPS.split("|"),
        names={"date": f"{world.last:%Y%m%d}"},
    )  # fmt: skip
