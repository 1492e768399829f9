"""What the models and the contracts say to readers is said in French and in English."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

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
                yield one["name"], {**one.get("config", {}).get("meta", {}), "description": one.get("description")}


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
