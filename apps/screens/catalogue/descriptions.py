"""What the columns of models and the fields of contracts hold, in the reader's language: they are described in English
where they stand, and `descriptions.yml` has each sentence in French."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

from apps.words import Language


def described(text: str, language: Language) -> str:
    """A description in the reader's language; as it stands where there is no French of it: a test finds it first."""
    sentence = " ".join(text.split())
    return sentence if language == "en" else french().get(sentence, sentence)


@cache
def french() -> Mapping[str, str]:
    """The French sentences by the English ones."""
    found: Mapping[str, str] = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))
    return found
