# ruff: noqa: E501
"""Public directories as they are really published: FINESS, INSEE's list, the RPPS, OpenStreetMap, into the dimensions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from group import Group

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

FINESS = """finess;etalab;93;2026-11-12
structureet;010000024;010780054;CH DE FLEYRIAT;;;;900;RTE;DE PARIS;;;451;01;AIN;01440 VIRIAT;;;355;Hôpital;1102;;26010004500012;8610Z;03;ARS;1;Public;1979-02-13;1979-02-13;2020-02-04;
structureet;970400024;970400016;CHU;;;;;;;;;411;9D;REUNION;97400 ST DENIS;;;355;Hôpital;1102;;;8610Z;03;ARS;1;Public;1979-02-13;1979-02-13;2020-02-04
geolocalisation;010000024;870262.2;6571540.8;1,ATLASANTE,100,IGN,BD_ADRESSE,V2.2,LAMBERT_93;2026-11-02
geolocalisation;970400024;338600;7690300;1,ATLASANTE,100,IGN,BD_ADRESSE,V2.2,UTM_S40;2026-11-02
"""

COG = """TYPECOM,COM,REG,DEP,CTCD,ARR,TNCC,NCC,NCCENR,LIBELLE,CAN,COMPARENT
COM,42187,84,42,42D,422,0,ROANNE,Roanne,Roanne,4298,
COM,42218,84,42,42D,423,0,SAINT ETIENNE,Saint-Étienne,Saint-Étienne,4299,
COM,75056,11,75,75C,751,0,PARIS,Paris,Paris,7599,
ARM,75101,11,,,,0,PARIS 1ER ARRONDISSEMENT,Paris 1er Arrondissement,Paris 1er Arrondissement,,75056
COMD,42001,,,,,0,ABOEN,Aboën,Aboën,,42187
"""

COMMUNES = """CODGEO;LIBGEO;CODE_POSTAL;DEP;LIBDEP;LIBREG;LATITUDE;LONGITUDE;POP;POP0005;POP0615;POP1629;POP3044;POP4559;POP6074;POP75P
42187;Roanne;42300;42;Loire;Auvergne-Rhône-Alpes;46.03;4.07;70;10;10;10;10;10;10;10
"""

#: A doctor in one place, one abroad, an orthoptist who has retired.
RPPS = """Identifiant PP|Nom d'exercice|Code profession|Libellé profession|Code savoir-faire|Libellé savoir-faire|Libellé mode exercice|Identifiant technique de la structure|Code postal (coord. structure)|Code commune (coord. structure)|
10000000001|A|10|Médecin|SM39|ORL|Libéral|R1|42300|42187|
10000000002|B|10|Médecin|SM38|Ophtalmologie|Salarié|R2|L-1234||
10000000003|C|92|Orthoptiste||||||
"""

OSM = {
    "version": 0.6,
    "osm3s": {"timestamp_osm_base": "2026-11-30T06:00:00Z"},
    "elements": [{"type": "node", "id": 1, "lat": 46.03, "lon": 4.07, "tags": {"shop": "optician", "name": "L’Œil"}}],
}


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shared dimensions of a lake into which nothing but these files landed."""
    home = tmp_path_factory.mktemp("geo")
    files = home / "files"
    files.mkdir()
    (files / "etalab_finess.csv").write_text(FINESS, "cp1252")
    (files / "v_commune_2026.csv").write_text(COG, "utf-8")
    (files / "communes_2026.csv").write_text(COMMUNES, "utf-8")
    (files / "PS_LibreAcces_Personne_activite_202611120800.txt").write_text(RPPS, "utf-8")
    (files / "interpreter.json").write_text(json.dumps(OSM), "utf-8")
    group = Group({"LAKE_DATA": str(home / "lake")}, files, {})
    report = json.loads(group.lake("land", "--json", str(files)).stdout)
    assert (report["read"], report["landed"]) == (14, 14), report
    group.lake("mirror")
    group.lake("build", "audio")
    (database,) = (home / "lake" / "marts" / "core").glob("*/core.duckdb")
    return database


def rows(core: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(core, read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_an_establishment_has_its_commune_and_its_degrees(core: Path) -> None:
    found = rows(
        core,
        "select finess, commune_code, round(latitude, 2), round(longitude, 2) from atomic.dim_establishment order by 1",
    )
    assert found == [("010000024", "01451", 46.22, 5.21), ("970400024", "97411", -20.88, 55.45)]


def test_a_commune_of_the_official_list_is_known_before_its_population_is(core: Path) -> None:
    found = rows(
        core, "select commune_code, commune_name, department_name, population from atomic.dim_commune order by 1"
    )
    assert found == [
        ("42187", "Roanne", "Loire", 70),
        ("42218", "Saint-Étienne", "Loire", None),
        ("75056", "Paris", None, None),
        ("75101", "Paris 1er Arrondissement", None, None),
    ]


def test_a_professional_without_a_practice_and_one_abroad_are_known(core: Path) -> None:
    found = rows(core, "select prescriber_id, postcode, practices from atomic.dim_prescriber order by 1")
    assert found == [("10000000001", "42300", 1), ("10000000002", "L-1234", 1), ("10000000003", None, 0)]


def test_what_the_overpass_api_answers_is_a_competitor(core: Path) -> None:
    assert rows(core, "select osm_id, line, name from atomic.dim_competitor") == [("node/1", "optical", "L’Œil")]
