"""No screen shows a code: every value of the published group that reads as one has a name."""

from __future__ import annotations

import re

import pytest
from group import Group

from apps.values import names
from apps.words import LANGUAGES
from lake import access, semantic
from lake.settings import LINES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

#: Words without capitals or blanks are codes; a value that people read has one or the other.
_CODE = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")


@pytest.mark.parametrize("line", LINES)
def test_every_value_that_reads_as_a_code_has_a_name(in_group: Group, line: str) -> None:
    scope = access.scope("data-engineer")
    by_dimension: dict[str, str] = {}
    for indicator in semantic.metrics(line, scope=scope):
        if not indicator.needs_time:
            by_dimension |= dict.fromkeys(indicator.dimensions, indicator.name)
    found = {d.name: d for metric in set(by_dimension.values()) for d in semantic.dimensions([metric], scope=scope)}
    for name, metric in by_dimension.items():
        dimension = found.get(name)
        if dimension is None or dimension.kind != "categorical" or dimension.is_event:
            continue
        values = semantic.query([metric], by=[name], limit=200, scope=scope).table.column(name).to_pylist()
        codes = {v for v in values if isinstance(v, str) and _CODE.fullmatch(v) and not v.isdigit()}
        for language in LANGUAGES:
            assert codes <= set(names(name, language)), (name, codes - set(names(name, language)))
