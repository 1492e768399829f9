"""Contracts are refused whole where they say what nobody knows, or what landing can't work with."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from lake.cli import app
from lake.contracts import FOLDER, _survey, catalogue, load
from lake.errors import ContractError
from lake.store import Store
from tests.lab import DEVICES, row, text

PATIENT = "patient_name, physicalName: Nom patient, logicalType: string, classification: personal"
KEY = r"pattern: '^D\d{3,6}$'"
DROP = "[{property: personal, value: drop}]"


def changed(folder: Path, *pairs: tuple[str, str]) -> Path:
    """The small source's contract with other words in it."""
    whole = DEVICES.path.read_text("utf-8")
    for old, new in pairs:
        assert whole.count(old) == 1, old
        whole = whole.replace(old, new)
    path = folder / "lab" / "devices.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(whole, "utf-8")
    return path


def refusal(path: Path) -> str:
    """What is said of a contract; the same by `load` and by `lake contracts check`, in one line."""
    with pytest.raises(ContractError) as refused:
        load(path)
    checked = CliRunner().invoke(app, ["contracts", "check", str(path)])
    assert type(checked.exception) is ContractError
    assert "valid," not in checked.stdout
    assert str(checked.exception) == str(refused.value)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*/*.yaml")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_contract_says_what_becomes_of_personal_data(path: Path) -> None:
    told = {
        prop["name"]: [c["value"] for c in prop.get("customProperties", []) if c["property"] == "personal"]
        for prop in yaml.safe_load(path.read_text("utf-8"))["schema"][0]["properties"]
        if prop.get("classification") == "personal"
    }
    assert told == {f.name: [f.personal] for f in load(path).fields if f.personal}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("personal, value: drop", "personnal, value: drop", "'personnal' is not known (did you mean 'personal'?)"),
        ("personal, value: drop", "Personal, value: drop", "'Personal' is not known (did you mean 'personal'?)"),
        ("personal, value: drop", "personal, value: dropp", "personal 'dropp' is none of pseudonym, drop, keep"),
        ("personal, value: drop", "personal, value: null", "'personal' can't be None"),
        ("personal, value: drop", "personal, value: [drop]", "'personal' can't be ['drop']"),
        (DROP, "[]", "classification 'personal' stands without custom property 'personal'"),
        (DROP, "[{property: personal, value: drop}, {property: personal, value: keep}]", "'personal' stands twice"),
        (f"customProperties: {DROP}", f"customPropertys: {DROP}", "customPropertys is not known"),
        (
            f"customProperties: {DROP}",
            f"customProperties: {DROP}, customProperties: []",
            "'customProperties' stands twi",
        ),
        (PATIENT, PATIENT.replace("classification", "clasification"), "(did you mean 'classification'?)"),
        (PATIENT, PATIENT.replace(": personal", ": personel"), "classification 'personel' is not 'personal'"),
        (PATIENT, PATIENT.replace(", classification: personal", ""), "'personal: drop' stands without classification"),
        (PATIENT, PATIENT.replace("string", "date").replace("drop", "pseudonym"), None),
    ],
)
def test_a_misspelt_word_about_personal_data_is_refused(tmp_path: Path, old: str, new: str, said: str | None) -> None:
    path = changed(tmp_path, (old, new))
    if said is None:
        assert load(path).field("patient_name").personal == "drop"
        return
    told = refusal(path)
    assert said in told
    assert "lab/devices.yaml" in told
    assert "patient_name" in told or "twice" in told


def test_only_text_has_a_pseudonym(tmp_path: Path) -> None:
    path = changed(tmp_path, (PATIENT, PATIENT.replace("string", "date")), (DROP, DROP.replace("drop", "pseudonym")))
    assert "field 'patient_name': personal 'pseudonym' is for strings, not for type date" in refusal(path)


PERSON = r"logicalTypeOptions: {pattern: '^[1-9]\d{1,11}$'}, "
EQUAL = ", {property: equal, value: [leading zeros, blanks, punctuation]}"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (PERSON, "", "field 'person_id': personal 'pseudonym' needs a pattern in logicalTypeOptions"),
        (EQUAL, "", "field 'person_id': personal 'pseudonym' needs 'equal': which writings are one value"),
        ("[leading zeros, blanks", "[leading zero, blanks", "equal 'leading zero' (did you mean 'leading zeros'?)"),
        (
            "[{property: personal, value: drop}]",
            "[{property: personal, value: drop}" + EQUAL + "]",
            "'equal' is for ps",
        ),
        (
            "required: true, logicalTypeOptions: {minimum: '2010-01-01'}",
            "primaryKey: true, primaryKeyPosition: 2, required: true, logicalTypeOptions: {minimum: '2010-01-01'}",
            "field 'fitted_on': a date in a key needs 'form': day or first of month",
        ),
        (
            "description: Day.",
            "description: Day., customProperties: [{property: form, value: month}]",
            "field 'fitted_on': form 'month' is none of day, first of month",
        ),
        (
            "description: Price.",
            "description: Price., customProperties: [{property: form, value: day}]",
            "field 'price_eur': 'form' is for dates, not for type decimal",
        ),
        (
            "description: Number of parts.",
            "description: Number of parts., customProperties: [{property: rounding, value: true}]",
            "field 'parts': 'rounding' is for amounts, not for type integer",
        ),
    ],
)
def test_an_identity_and_a_date_in_a_key_have_a_form(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert said in refusal(changed(tmp_path, (old, new)))


def test_the_same_person_has_the_same_form_in_every_source() -> None:
    forms: dict[str, set[tuple[str | None, tuple[str, ...] | None]]] = {}
    for source in catalogue().values():
        for field in source.fields:
            if field.personal == "pseudonym":
                forms.setdefault(field.namespace, set()).add((field.pattern, field.equal))
    assert {namespace: len(each) for namespace, each in forms.items()} == dict.fromkeys(forms, 1)
    assert "person" in forms


def test_a_contract_with_a_misspelt_word_lands_nothing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = changed(tmp_path, ("personal, value: drop", "personnal, value: drop"))
    monkeypatch.setattr("lake.contracts.FOLDER", tmp_path)
    file = tmp_path / "S01_devices_2024.csv"
    file.write_text(text(row(1001, patient_name="Ménard")), "utf-8")
    refused = CliRunner().invoke(app, ["land", str(file), "--source", "lab_devices"])
    assert type(refused.exception) is ContractError
    assert "did you mean 'personal'?" in str(refused.exception)
    refused = CliRunner().invoke(app, ["land", str(file)])
    assert refused.exit_code == 1
    assert "did you mean 'personal'?" in refused.stderr
    assert store.files("lab_devices") == []
    path.write_text(DEVICES.path.read_text("utf-8"), "utf-8")
    _survey.cache_clear()
    assert CliRunner().invoke(app, ["land", str(file)]).exit_code == 0
    assert [f.name for f in store.files("lab_devices")] == [file.name]


def test_a_contract_is_of_the_source_that_its_place_says(tmp_path: Path) -> None:
    changed(tmp_path).rename(tmp_path / "lab" / "loans.yaml")
    assert "'lab_devices' is not 'lab_loans'" in refusal(tmp_path / "lab" / "loans.yaml")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("property: eventTime", "property: eventTimes", "'eventTimes' is not known (did you mean 'eventTime'?)"),
        ("property: deletion", "property: deletions", "'deletions' is not known (did you mean 'deletion'?)"),
        ("{field: operation, value: S}", "{feild: operation, value: S}", "deletion: key 'feild' is not known (did you"),
        ("{field: operation, value: S}", "S", "'deletion' can't be 'S'"),
        ("value: [price_eur]", "value: price_eur", "'controlTotals' can't be 'price_eur'"),
        (
            "value: [price_eur]",
            "value: [ear]",
            "controlTotals 'ear' is of type string, not integer or decimal or double",
        ),
        ("eventTime, value: fitted_on", "eventTime, value: ear", "eventTime 'ear' is of type string"),
        (
            "eventTime, value: fitted_on",
            "eventTime, value: patient_name",
            "'patient_name' is not a field that is stored",
        ),
        ("      separators:", "      seperators:", "reading: seperators is not known (did you mean 'separators'?)"),
        ("separators: [';']", "options: {quote: false}", "options: key 'quote' is not known (did you mean 'quotes'?)"),
        ("  purpose:", "  purposse:", "purposse"),
        ("version: 1.0.0", "version: banana", "version 'banana' is not a semantic one"),
        ("version: 1.0.0", "version: '1.0'", "version '1.0' is not a semantic one"),
        (KEY, r"pattern: '^AP(d{9}$'", "field 'device_id': pattern '^AP(d{9}$' is not a regular expression of RE2: "),
        (KEY, r"pattern: '^(?!AP)\d'", r"pattern '^(?!AP)\d' is not a regular expression of RE2"),
        (KEY, "pattern: ''", "pattern '' is not a regular expression of RE2: it is empty"),
        (KEY, "patern: '^D'", "field 'device_id': logicalTypeOptions of this type: key 'patern' is not known"),
        ("maxLength: 40", "maxLength: -3", "field 'comment': maxLength -3 is not between 1 and"),
        ("maxLength: 40", "maxLength: 10000000000", "field 'comment': maxLength 10000000000 is not between 1 and"),
        ("maxLength: 40", "maxLength: '40'", "key 'maxLength' can't be '40'"),
        ("minimum: 0, maximum: 6000", "minimum: 9000, maximum: 6000", "minimum 9000 is above maximum 6000"),
        ("minimum: 0, maximum: 6000", "minimum: x", "field 'price_eur': minimum 'x' is not of type decimal"),
        ("minimum: 0, maximum: 6000", "minimum: 1.0e+30", "field 'price_eur': minimum 1e+30 is not of type decimal"),
        ("minimum: 0, maximum: 6000", "pattern: '^1'", "key 'pattern' is not known"),
        (
            "minimum: '2010-01-01'",
            "minimum: '2010-13-01'",
            "field 'fitted_on': minimum '2010-13-01' is not of type date",
        ),
        ("minimum: '2010-01-01'", "minimum: 2010-13-01", "month must be in 1..12"),
        ("enum: [{value: left}, {value: right}]", "enum: []", "field 'ear': enum [] allows no value"),
        (
            "enum: [{value: left}, {value: right}]",
            "enum: [{value: no}]",
            "field 'ear': enum False is not of type string",
        ),
        ("{G: left, D: right}", "{G: lefft, D: right}", "values 'G: lefft' gives what enum does not allow"),
        ("{G: left, D: right}", "[left, right]", "'values' can't be ['left', 'right']"),
        ("value: [Adhérent]", "value: Adhérent", "'aliases' can't be 'Adhérent'"),
        ("'DECIMAL(18,2)'", "'DECIMAL(18,99)'", "physicalType 'DECIMAL(18,99)'"),
        ("[cp1252, utf-8]", "[cp125x]", "reading: encoding 'cp125x' is not known"),
        ("[cp1252, utf-8]", "[hex]", "reading: encoding 'hex' is not known"),
        ("[cp1252, utf-8]", "[]", "reading: encodings [] is empty"),
        ("[';']", "['']", "reading: separator '' is not one character"),
        ("[';']", "['||']", "reading: separator '||' is not one character"),
        ("[';']", "[';']\n      dates: ['%Q']", "reading: dates '%Q' is not a format that gives back a day"),
        ("[';']", "[';']\n      dates: ['%d/%m']", "reading: dates '%d/%m' is not a format"),
        ("[';']", "[';']\n      timestamps: ['%H:%M']", "reading: timestamps '%H:%M' is not a format"),
        ("[';']", "[';']\n      decimal: ''", "reading: decimal '' is neither ',' nor '.'"),
        ("[';']", "[';']\n      zone: Europe/Pari", "reading: zone 'Europe/Pari' is not known"),
        (r"_devices_\d{4}(", r"_devices_(\d{4}(", "is not a regular expression: missing )"),
        (r"_devices_\d{4}(", r"_devices_(?P<yaer>\d{4})(", "group 'yaer' is not known (did you mean 'year'?)"),
        ("(?P<structure_id>", "(", "has no group 'structure_id', which field 'structure_id' comes from"),
        ("kind: DataContract", "kind: [", "is not a valid ODCS v3 contract: "),
    ],
)
def test_a_contract_that_landing_could_not_work_with_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = changed(tmp_path, (old, new))
    told = refusal(path)
    assert said in told
    assert "lab/devices.yaml" in told


def test_every_fault_is_said_at_once(tmp_path: Path) -> None:
    told = refusal(changed(tmp_path, ("version: 1.0.0", "version: banana"), ("maxLength: 40", "maxLength: 0")))
    assert "banana" in told
    assert "maxLength 0" in told


def test_a_contract_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    assert "missing.yaml" in refusal(tmp_path / "missing.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    assert "bytes.yaml" in refusal(tmp_path / "bytes.yaml")
    (tmp_path / "empty.yaml").write_text("")
    assert "empty.yaml" in refusal(tmp_path / "empty.yaml")
