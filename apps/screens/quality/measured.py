"""What a check measured, in the reader's language: results keep it as English sentences, `words.yml` has the French."""

from __future__ import annotations

import re
from decimal import Decimal

from apps.numbers import written
from apps.words import Language, say

#: The sentences that `lake.checks` writes, by the key of their words. Those that say more stand first.
_SENTENCES = {
    "rows_of": "{n} of {total} rows",
    "rows": "{n} rows",
    "in_all": "{n} in all",
    "none": "no exception",
    "exceptions": "exceptions: {n}, in {total} rows checked",
    "found": "{n} found",
    "contents": "{n} versions in the lake, {total} in the build, whose contents differ",
    "versions": "{n} versions in the lake, {total} in the build",
    "records": "{n} in the lake, {total} in {table}",
    "left_out": "{n} left out where {condition}",
    "sums": "{field}: {n} and {total}",
    "unread": "no model reads this source",
    "published_wrong": "{n} published of {line}, {total} in {table}, {structures} structures, of which {wrong} differ",
    "published": "{n} published of {line}, {total} in {table}, {structures} structures",
    "absent": "{name} (absent, {n} files, last {file})",
    "new": "{name} (new, {n} files, last {file})",
    "emptied": "{sender} {field}: {n}% empty, {total}% before",
    "not_counted": "could not be counted: {why}",
    "not_evaluated": "could not be evaluated: {why}",
}

#: What a value looks like: most are numbers, the others names, or the rest of the sentence.
_NUMBER = r"-?[\d,]+(?:\.\d+)?"
_NUMBERS = ("n", "total", "structures", "wrong")
_REST = ("condition", "why")
_HEADERS = ("name", "file")
_NAME = r"\w+"


def _pattern(sentence: str) -> re.Pattern[str]:
    """What a sentence looks like with its values."""
    parts = re.split(r"\{(\w+)\}", sentence)
    looks = dict.fromkeys(_NUMBERS, _NUMBER) | dict.fromkeys(_REST, ".+") | dict.fromkeys(_HEADERS, "[^;]+")
    values = (rf"(?P<{name}>{looks.get(name, _NAME)})" for name in parts[1::2])
    return re.compile("".join(re.escape(text) + next(values, "") for text in parts[::2]), re.DOTALL)


_PATTERNS = {key: _pattern(sentence) for key, sentence in _SENTENCES.items()}


def measured(detail: str, language: Language) -> str:
    """The sentences said in the reader's language; one that is none of those above as it stands."""
    whole = _said(detail, language)
    between = "; " if language == "en" else " ; "
    return whole or between.join(_said(part, language) or part for part in detail.split("; "))


def _said(sentence: str, language: Language) -> str | None:
    for key, pattern in _PATTERNS.items():
        if match := pattern.fullmatch(sentence):
            values = match.groupdict()
            if "line" in values:
                values["line"] = say(f"line.{values['line']}", language)
            numbers = {name: _figure(values[name], language) for name in _NUMBERS if name in values}
            return say(f"quality.measured.{key}", language, **(values | numbers))
    return None


def _figure(text: str, language: Language) -> str:
    """A number as Python wrote it, to the cent."""
    return written(Decimal(text.replace(",", "")), min(2, len(text.partition(".")[2])), language)
