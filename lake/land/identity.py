"""One writing of each identity, before it becomes a pseudonym: what a contract calls equal is equal, and nothing else.

A number that a spreadsheet or another program has mangled is refused here, since no rule gives it back: of
`9,00001E+14` a thousand members would be one person.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from lake.contracts import Field
from lake.land.instants import Mask

#: What programs make of a number that was meant as text, and the words for it.
_MANGLED = (
    ("a number in scientific notation", r"^[+-]?\d([.,]\d*)?[eE][+-]?\d{1,3}$"),
    ('written as a formula (="…")', r"^="),
    ("written with an apostrophe before it", r"^['’‘`´]"),
    ("a number with a decimal mark (.0)", r"^[+-]?\d+[.,]0*$"),
)

#: Of `Field.equal`: what is taken out of a value, and what stands for it.
_WRITINGS = {
    "blanks": (r"[\s\x{00a0}\x{1680}\x{2000}-\x{200d}\x{202f}\x{205f}\x{2060}\x{3000}\x{feff}]", ""),
    "punctuation": (r"[.\-\x{2010}-\x{2014}]", ""),
    "leading zeros": (r"^0+(\d)", r"\1"),
}


def one_writing(text: pa.StringArray, field: Field) -> tuple[pa.StringArray, list[tuple[str, Mask]]]:
    """The values of a field as they are hashed, null where there is nothing or nonsense, and the faults.

    Args:
        text: Values without blanks around them.
        field: Says in `equal` which differences are none.
    """
    unique = pc.dictionary_encode(text)
    values = unique.dictionary
    faults: list[tuple[str, pa.BooleanArray]] = []
    for what, pattern in _MANGLED:
        is_mangled = pc.match_substring_regex(values, pattern)
        faults.append((what, is_mangled))
        values = pc.if_else(is_mangled, None, values)
    for difference, (pattern, by) in _WRITINGS.items():
        if difference in (field.equal or ()):
            values = pc.replace_substring_regex(values, pattern, by)
    if "case" in (field.equal or ()):
        values = pc.utf8_upper(values)
    values = pc.if_else(pc.equal(values, ""), None, values)
    return values.take(unique.indices), [
        (what, pc.fill_null(wrong.take(unique.indices), False).to_numpy(zero_copy_only=False)) for what, wrong in faults
    ]
