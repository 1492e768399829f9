"""What a check measured, in the reader's language: results keep it as one English sentence."""

from __future__ import annotations

import re

from apps.numbers import figure
from apps.words import Language, say

#: The sentences of Great Expectations' results, which `lake.checks.expectations` writes.
_SENTENCES = {
    "rows_of": re.compile(r"([\d,]+) of ([\d,]+) rows"),
    "found": re.compile(r"([\d,.-]+) found"),
}


def measured(detail: str, language: Language) -> str:
    """The sentence said in the reader's language; as it stands when it is another (an error, a reconciliation)."""
    for key, sentence in _SENTENCES.items():
        if match := sentence.fullmatch(detail):
            numbers = [figure(float(n.replace(",", "")), "count", language) for n in match.groups()]
            return say(f"quality.measured.{key}", language, n=numbers[0], total=numbers[-1])
    return detail
