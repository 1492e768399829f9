"""docs/indicators.md says what the definitions say; no indicator leaves its reader with a question."""

from __future__ import annotations

import pytest
from group import Group

from lake import semantic
from lake.semantic.handbook import handbook
from lake.settings import PROJECT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def test_the_handbook_is_that_of_the_definitions(in_group: Group) -> None:
    written = (PROJECT / "docs" / "indicators.md").read_text("utf-8")
    assert written == handbook(semantic.metrics()), "run: lake metrics --format markdown > docs/indicators.md"


def test_every_indicator_has_all_its_words(in_group: Group) -> None:
    said = [f"{word}_{language}" for word in ("label", "definition", "formula") for language in ("fr", "en")]
    words = (*said, "unit", "format", "owner", "sources")
    lacking = [f"{i.name}: {w}" for i in semantic.metrics() for w in words if not getattr(i, w)]
    lacking += [f"{i.name}: typical" for i in semantic.metrics() if i.typical is None]
    assert not lacking
