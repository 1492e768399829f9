"""What the values of dimensions are called, in French and English (`apps/values.yml`): the one place every screen uses.

A name is for reading only: addresses, filters and answers hold the code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from apps.words import Language, say
from lake.text import sort_key


def names(dimension: str, language: Language) -> Mapping[str, str]:
    """The names of a dimension's values by code, in the order of screens; empty for one whose values name themselves.

    `audio_fitting_device_class` and `device_class` are named alike: the longest known end of the name counts.
    """
    return _names(dimension, language)


def name(dimension: str, value: Any, language: Language) -> str:
    """What one value is called. A code without a name is its own; nothing has no name (`explore.nothing` says it)."""
    if isinstance(value, bool):
        return say("value.yes" if value else "value.no", language)
    code = _code(value)
    if code in ("true", "false") and dimension.rpartition("__")[2].startswith("is_"):
        return say("value.yes" if code == "true" else "value.no", language)
    return names(dimension, language).get(code, code)


def named(codes: pd.Series, dimension: str, language: Language, nothing: str) -> pd.Series:
    """The names of a column's values; `nothing` where there is none."""
    return codes.map(lambda code: nothing if pd.isna(code) else name(dimension, code, language))


def worded(table: pd.DataFrame, language: Language) -> pd.DataFrame:
    """A table for reading: the values of its columns by their names, what is empty left so."""
    known = {column: names(column, language) for column in table.columns}
    return table.assign(
        **{c: table[c].map(lambda v, c=c: v if pd.isna(v) else name(c, v, language)) for c in known if known[c]}
    )


def in_order(said: Iterable[str], dimension: str, language: Language) -> list[str]:
    """Names, each once, in the order of screens; those of codes without a name last, alphabetically."""
    places = {text: place for place, text in enumerate(names(dimension, language).values())}
    return sorted(set(said), key=lambda text: (places.get(text, len(places)), sort_key(text)))


def _code(value: Any) -> str:
    """A value as `values.yml` writes it: pandas makes 1.0 of a 1 beside an empty one."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


@cache
def _names(dimension: str, language: Language) -> Mapping[str, str]:
    known = _read()
    parts = dimension.split("_")
    ends = ("_".join(parts[start:]) for start in range(len(parts)))
    found = next((known[end] for end in ends if end in known), {})
    return {code: texts[language] for code, texts in found.items()}


@cache
def _read() -> Mapping[str, Mapping[str, Mapping[Language, str]]]:
    path = Path(__file__).with_name("values.yml")
    found: Mapping[str, Mapping[str, Mapping[Language, str]]] = yaml.safe_load(path.read_text("utf-8"))
    return found
