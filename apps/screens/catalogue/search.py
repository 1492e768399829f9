"""Search that forgives spelling, accents, plurals and the language: words of a question against words of the entries.

Every word asked must look like one of the entry's, in either language. What is in its name or label weighs more than
what is in its definition.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from rapidfuzz import fuzz, process

from apps.screens.catalogue.entries import Entry
from lake.text import fold

#: Likeness (0–100) from which two words are taken for the same one, misspelt.
_ALIKE = 74.0

#: What a word found in a definition only is worth, against one in a label.
_IN_TEXT = 0.6

#: Words that say nothing, in both languages.
_EMPTY = frozenset(
    re.findall(r"\w+", "a an and au aux by d de des du en et for in l la le les of on or ou par pour sur the to un une")
)


def plain(text: str) -> list[str]:
    """The words of a text without accents, case and punctuation."""
    return [word for word in re.split(r"[^0-9a-z]+", fold(text)) if word and word not in _EMPTY]


def search(asked: str, entries: Sequence[Entry], called: Mapping[str, str] | None = None) -> list[Entry]:
    """The entries that answer, best first; all of them, as they stand, when nothing is asked.

    Args:
        asked: the words of the question.
        entries: what is searched.
        called: what each line and unit is called, in any words; they count like those of a definition.
    """
    words = plain(asked)
    if not words:
        return list(entries)
    names = [set(plain(f"{e.name} {e.label.fr} {e.label.en}")) for e in entries]
    texts = [set(plain(" ".join(_said(e, called or {})))) for e in entries]
    vocabulary = sorted(set().union(*names, *texts)) if entries else []
    alike = [_alike(word, vocabulary) for word in words]
    scored = []
    for place, entry in enumerate(entries):
        found = [max(_best(near, names[place]), _IN_TEXT * _best(near, texts[place])) for near in alike]
        if all(found):
            scored.append((-sum(found), len(names[place]), place, entry))
    return [entry for *_, entry in sorted(scored, key=lambda s: s[:3])]


def _said(entry: Entry, called: Mapping[str, str]) -> tuple[str, ...]:
    """What an entry says of itself beside its names, in both languages."""
    definition, formula = entry.definition, entry.formula
    about = (called.get(of, "") for of in (entry.line, entry.unit))
    return definition.fr, definition.en, formula.fr, formula.en, *entry.owners, *about


def _alike(word: str, vocabulary: Sequence[str]) -> Mapping[str, float]:
    """The known words that one asked may mean, with how alike they are."""
    near = {v: score for v, score, _ in process.extract(word, vocabulary, scorer=fuzz.ratio, limit=None)}
    near = {v: score for v, score in near.items() if score >= (_ALIKE if len(word) > 3 else 100.0)}
    near.update(
        {v: max(96.0, near.get(v, 0.0)) for v in vocabulary if len(word) > 1 and v.startswith(word) and v != word}
    )
    return near


def _best(near: Mapping[str, float], words: Iterable[str]) -> float:
    return max((near.get(word, 0.0) for word in words), default=0.0)
