"""Every word of the screens, in French and English, from `words.yml`. A missing word is an error, not a blank."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml

Language = Literal["fr", "en"]
LANGUAGES: tuple[Language, ...] = ("fr", "en")


@lru_cache(maxsize=1)
def catalogue() -> dict[str, dict[str, str]]:
    """Words by dotted key, then by language."""
    tree = yaml.safe_load((Path(__file__).parent / "words.yml").read_text("utf-8"))
    return dict(_flat(tree, ""))


def say(key: str, language: Language, /, **values: object) -> str:
    """The text of `key`, with `values` filled in.

    Raises:
        KeyError: no such key: add it to words.yml, in both languages.
    """
    return catalogue()[key][language].format(**values)


def _flat(node: dict, prefix: str):  # type: ignore[no-untyped-def,type-arg]
    for name, value in node.items():
        key = f"{prefix}{name}"
        if set(value) == set(LANGUAGES):
            yield key, value
        else:
            yield from _flat(value, f"{key}.")
