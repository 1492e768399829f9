"""What the values of dimensions are called: every enumerated value has a name in both languages."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
import yaml

from apps.values import in_order, name, named, names, worded
from apps.words import LANGUAGES, Language, say
from lake.contracts import catalogue
from lake.settings import LINES, PROJECT


def enumerated() -> Iterator[tuple[str, str]]:
    """Every value that a contract or a model's test allows, with its column."""
    for contract in catalogue().values():
        for field in contract.fields:
            if field.kind != "boolean":
                yield from ((field.name, str(value)) for value in field.allowed)
    for path in (PROJECT / "models").rglob("*.yml"):
        document = yaml.safe_load(path.read_text("utf-8")) or {}
        for part in (*document.get("models", ()), *document.get("seeds", ())):
            for column in part.get("columns", ()):
                for test in column.get("data_tests", ()):
                    if isinstance(test, dict) and "accepted_values" in test:
                        yield from ((column["name"], str(v)) for v in test["accepted_values"]["arguments"]["values"])


#: Codes by column. `rule` is read by the models alone: nobody asks by it.
ENUMERATED: defaultdict[str, set[str]] = defaultdict(set)
for _column, _code in enumerated():
    if _column != "rule":
        ENUMERATED[_column].add(_code)


@pytest.mark.parametrize("column", sorted(ENUMERATED))
def test_every_enumerated_value_has_a_name_in_both_languages(column: str) -> None:
    for language in LANGUAGES:
        assert ENUMERATED[column] <= set(names(column, language)), ENUMERATED[column] - set(names(column, language))
        assert all(text.strip() for text in names(column, language).values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_lines_and_the_lines_of_the_statement_are_called_the_same_everywhere(language: Language) -> None:
    assert all(name("line", line, language) == say(f"line.{line}", language) for line in LINES)
    with (PROJECT / "models" / "marts" / "finance" / "finance_income_lines.csv").open(encoding="utf-8") as seed:
        statement = {row["income_line"]: row[f"label_{language}"] for row in csv.DictReader(seed)}
    assert names("income_line", language) == statement


@pytest.mark.parametrize(
    ("dimension", "value", "fr"),
    [
        ("last_stage", "decided", "Décidé"),
        ("audio_fitting_device_class", "I", "Classe I (sans reste à charge)"),
        ("audio_trial__abandon_reason", "price", "Prix"),
        ("site__line", "group", "Siège"),
        ("pair_number", 1.0, "1re paire"),
        ("site_name", "left", "left"),
        ("is_renewal", "true", "Oui"),
        ("is_renewal", False, "Non"),
        ("device_class", "III", "III"),
    ],
)
def test_a_value_is_called_by_its_dimension(dimension: str, value: Any, fr: str) -> None:
    assert name(dimension, value, "fr") == fr


def test_a_table_for_reading_has_names_and_keeps_what_is_empty() -> None:
    table = pd.DataFrame({"refusal_reason": ["delay", None], "optical_quotes": [3, 1]})
    read = worded(table, "en")
    assert read["refusal_reason"][0] == "Delay" and pd.isna(read["refusal_reason"][1])
    assert read["optical_quotes"].tolist() == [3, 1]
    assert named(table["refusal_reason"], "refusal_reason", "en", "Not told").tolist() == ["Delay", "Not told"]


def test_names_stand_in_the_order_of_screens_and_strangers_last() -> None:
    said = ["75 and over", "6 to 15", "Zzz", "16 to 29", "6 to 15", "Aaa"]
    assert in_order(said, "person_age_band", "en") == ["6 to 15", "16 to 29", "75 and over", "Aaa", "Zzz"]
