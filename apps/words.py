"""Every word of the screens, in French and English. A missing word is an error, not a blank.

What several pages say stands in `apps/words.yml`; what one page says, in `words.yml` in its own folder, under a key of
its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml
from babel import Locale

Language = Literal["fr", "en"]
LANGUAGES: tuple[Language, ...] = ("fr", "en")

#: Characters of a wrong value that are repeated to the reader.
_LONGEST = 40

_NUMBERED = re.compile(r"\{(?P<name>\w+)\}|\(s\)")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!~$:|<>])")


@lru_cache(maxsize=1)
def catalogue() -> dict[str, dict[str, str]]:
    """Words by dotted key, then by language."""
    apps = Path(__file__).parent
    words: dict[str, dict[str, str]] = {}
    for path in [apps / "words.yml", *sorted(apps.glob("screens/*/words.yml"))]:
        for key, texts in _flat(yaml.safe_load(path.read_text("utf-8")), ""):
            if key in words:
                raise ValueError(f"'{key}' stands twice in the words of the screens, the second time in {path}")
            words[key] = texts
    return words


def say(key: str, language: Language, /, **values: object) -> str:
    """The text of `key`, with `values` filled in, and each `(s)` in it agreeing with the value before it.

    Raises:
        KeyError: no such key: add it to words.yml, in both languages.
    """
    return _agreed(catalogue()[key][language], language, values).format(**values)


def short(text: str) -> str:
    """What somebody asked for, as it is repeated to a reader: on one line, and not longer than that."""
    clean = "".join(c for c in text if c.isprintable())
    return clean if len(clean) <= _LONGEST else f"{clean[: _LONGEST - 1]}…"


def _agreed(text: str, language: Language, values: Mapping[str, object]) -> str:
    """`{n} ligne(s)`: each `(s)` is there or not, by the number that stands before it."""
    number = ""

    def agree(found: re.Match[str]) -> str:
        nonlocal number
        if found["name"]:
            number = re.sub(r"\D", "", str(values[found["name"]]))
            return found[0]
        return "" if Locale(language).plural_form(int(number or 2)) == "one" else "s"

    return _NUMBERED.sub(agree, text)


def escaped(text: str) -> str:
    """Text of the data where Markdown is read: none of its signs means anything."""
    return _MARKDOWN.sub(r"\\\1", text)


def _flat(node: dict, prefix: str):  # type: ignore[no-untyped-def,type-arg]
    for name, value in node.items():
        key = f"{prefix}{name}"
        if set(value) == set(LANGUAGES):
            yield key, value
        else:
            yield from _flat(value, f"{key}.")
