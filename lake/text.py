"""Text as its readers take it: what is written alike though spelt otherwise, and the order in which French names sort.

Headers, values of contracts, search and file names are all compared by `fold` (or `unaccented` where case counts), so
that a spelling that one of them forgives is forgiven by the others.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

#: What Unicode does not decompose, or decomposes into something else than a French reader sees in it. The degree sign
#: stands for the ordinal one on every French keyboard, and both for the raised `o` of `No`.
_SAME = str.maketrans(
    {
        **dict.fromkeys("’‘‛ʼʹ´`′＇", "'"),
        **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
        **dict.fromkeys("°˚", "o"),
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", ""),
        **{"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D"},
    }
)


@lru_cache(maxsize=1 << 14)
def unaccented(text: str) -> str:
    """Text without accents, ligatures, ordinal signs, typographic apostrophes and hyphens, or superfluous blanks.

    `  Nº d’adhérent ` → `No d'adherent`. Case stays.
    """
    decomposed = unicodedata.normalize("NFKD", text.translate(_SAME))
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


def fold(text: str) -> str:
    """`unaccented` text whatever its case: `L’Haÿ`, `l'hay` and `L'HAY` are one; so are `Nº`, `N°` and `No`."""
    return unaccented(text).casefold()


def sort_key(text: str) -> tuple[str, str, str]:
    """By letters, then accents, then case, small letters first, as a French dictionary does: Dijon, Échirolles, Ernée.

    The order of ICU's collation for French (`COLLATE fr` in DuckDB) for the words that names are made of.
    """
    return (
        fold(text),
        unicodedata.normalize("NFKD", text.casefold()),
        "".join("1" if c.isupper() else "0" for c in text),
    )
