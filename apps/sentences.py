"""What went wrong, in the reader's language. The lake's errors are English sentences; `apps/sentences.yml` has them in
French. A sentence without one is shown as it is: a test finds it first."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from apps.words import Language
from lake.errors import LakeError


def in_words(error: LakeError, language: Language) -> str:
    """The sentences of an error: what happened, to which object, and what to do."""
    if language == "en":
        return str(error)
    hint, asks, rest = error.remedy.partition("? ") if error.remedy.startswith("Did you mean ") else ("", "", "")
    parts = (error.what, hint + "?", rest) if asks else (error.what, error.remedy)
    return " ".join(french(part) for part in parts if part)


def reason(text: str, language: Language) -> str:
    """Why a row is in quarantine: the field, or what else it is about, and what is wrong with it."""
    if language == "en":
        return text
    about, _, what = text.partition(": ")
    return f"{_read()['words'].get(about, about)} : {french(what)}" if what else french(about)


def french(sentence: str) -> str:
    """A sentence of the lake in French; itself, if there is none."""
    for pattern, text in _patterns():
        if match := pattern.fullmatch(sentence):
            return text.format(*(_read()["words"].get(name, name) for name in match.groups()))
    return sentence


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Each English sentence as a pattern, those that say most first, with the French one."""
    sentences: dict[str, str] = _read()["sentences"]
    told_most_first = sorted(sentences, key=lambda english: -len(english.replace("{}", "")))
    return tuple(
        (re.compile("(.*?)".join(map(re.escape, english.split("{}"))), re.DOTALL), sentences[english])
        for english in told_most_first
    )


@cache
def _read() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))
    return found
