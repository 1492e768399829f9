"""Search of the catalogue: forgives accents, slips and the language, and finds nothing that is not there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apps.screens.catalogue.entries import Entry, Text
from apps.screens.catalogue.search import plain, search


def entry(name: str, fr: str, en: str, text_fr: str = "", text_en: str = "", line: str = "audio") -> Entry:
    return Entry(f"indicator:{name}", "indicator", name, line, Text(fr, en), Text(text_fr, text_en), Text("", ""), ())


ENTRIES = [
    entry("audio_net_sales_eur", "Ventes nettes", "Net sales", "Prix des appareils livrés.", "Prices of the devices."),
    entry("audio_conversion", "Taux de transformation", "Trial conversion", "Essais qui mènent à un appareillage."),
    entry("childcare_occupancy", "Taux d'occupation", "Occupancy rate", "Heures de présence.", line="childcare"),
    entry("dental_claim_rejection_rate", "Taux de rejet du tiers payant", "Claim rejection rate", line="dental"),
]


def found(asked: str, **options: dict[str, str]) -> list[str]:
    return [e.name for e in search(asked, ENTRIES, **options)]


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("ventes nettes", "audio_net_sales_eur"),
        ("NET SALES", "audio_net_sales_eur"),
        ("vente net", "audio_net_sales_eur"),
        ("transformation", "audio_conversion"),
        ("trasnformation", "audio_conversion"),
        ("transfo", "audio_conversion"),
        ("apareillage", "audio_conversion"),
        ("ocupancy", "childcare_occupancy"),
        ("d'occupation", "childcare_occupancy"),
        ("rejets tiers-payant", "dental_claim_rejection_rate"),
        ("dental_claim_rejection_rate", "dental_claim_rejection_rate"),
    ],
)
def test_the_entry_meant_comes_first(asked: str, name: str) -> None:
    assert found(asked)[0] == name


def test_nothing_asked_leaves_everything_as_it_stands() -> None:
    assert found("  de la ") == [e.name for e in ENTRIES]


def test_every_word_must_be_found() -> None:
    assert found("taux zyx") == []


def test_a_word_of_the_label_weighs_more_than_one_of_the_definition() -> None:
    entries = [entry("b", "Autre", "Other", "Les ventes."), entry("a", "Ventes", "Sales")]
    assert [e.name for e in search("ventes", entries)] == ["a", "b"]


def test_a_line_is_found_by_what_people_call_it() -> None:
    assert found("taux creche") == []
    assert found("taux creche", called={"childcare": "petite enfance crèche"}) == ["childcare_occupancy"]


def test_an_indicator_is_found_by_what_its_unit_is_called() -> None:
    entries = [replace(entry("occupancy", "Occupation réelle", "Real occupancy"), unit="rate"), *ENTRIES]
    assert search("taux reel", entries) == []
    assert [e.name for e in search("taux reel", entries, {"rate": "taux (%) rate"})] == ["occupancy"]


def test_words_lose_accents_case_and_ligatures() -> None:
    assert plain("Œuvres d'Été : É.-U. 100 %") == ["oeuvres", "ete", "e", "u", "100"]
