"""What the models and the contracts say to readers is said in French and in English."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from apps.screens.catalogue.data import names
from apps.screens.catalogue.descriptions import french
from lake.contracts import catalogue
from lake.settings import PROJECT


def described(*kinds: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and meta of what the models' YAML describes; `description` stands among the meta."""
    for path in sorted((PROJECT / "models").rglob("*.yml")):
        if "staging" in path.parts:
            continue
        document = yaml.safe_load(path.read_text("utf-8"))
        for kind in kinds:
            for one in document.get(kind) or ():
                own = {name: one.get(name) for name in ("description", "columns")}
                yield one["name"], {**one.get("config", {}).get("meta", {}), **own}


def sentences() -> Iterator[tuple[str, str]]:
    """What describes each column of a dataset, and each field and the grain of a source, in English."""
    for name, meta in described("models", "seeds"):
        yield from ((f"{name}.{c['name']}", " ".join(c.get("description", "").split())) for c in meta["columns"])
    for contract in catalogue().values():
        yield contract.name, contract.grain
        yield from ((f"{contract.name}.{f.name}", " ".join(f.description.split())) for f in contract.fields)


@pytest.mark.parametrize("word", ["label", "definition", "formula"])
def test_a_metric_has_its_words_in_both(word: str) -> None:
    found = dict(described("metrics"))
    assert found
    assert [name for name, meta in found.items() if not (meta.get(f"{word}_fr") and meta.get(f"{word}_en"))] == []


def test_a_formula_is_words_not_names() -> None:
    names = re.compile(r"\w+_\w+")
    wrong = [
        (name, meta[f"formula_{language}"])
        for name, meta in described("metrics")
        for language in ("fr", "en")
        if names.search(meta[f"formula_{language}"])
    ]
    assert wrong == []


def test_a_dataset_is_described_in_both() -> None:
    found = dict(described("models", "seeds"))
    assert found
    assert [name for name, meta in found.items() if not (meta["description"] and meta.get("description_fr"))] == []


def test_a_source_says_in_both_what_it_is_for() -> None:
    assert [c.name for c in catalogue().values() if not c.purpose or c.purpose_fr in ("", c.purpose)] == []


def test_a_column_a_field_and_a_grain_are_described_in_both() -> None:
    undescribed = [what for what, said in sentences() if not said]
    assert not undescribed, f"describe them where they stand, in English: {undescribed}"
    missing = {said: what for what, said in sentences() if not french().get(said)}
    assert not missing, f"say them in French in apps/screens/catalogue/descriptions.yml: {missing}"


def test_no_french_description_outlives_its_english() -> None:
    unused = set(french()) - {said for _, said in sentences()}
    assert not unused, f"nothing says them any more: take them out of apps/screens/catalogue/descriptions.yml: {unused}"


def test_a_dataset_and_a_source_have_a_name() -> None:
    datasets = dict(described("models", "seeds"))
    held = {source for name, meta in datasets.items() if name in names() for source in meta.get("reconciles", ())}
    unnamed = [name for name in (*datasets, *catalogue()) if name not in names() and name not in held]
    assert not unnamed, f"name them in apps/screens/catalogue/words.yml, catalogue.names: {unnamed}"
