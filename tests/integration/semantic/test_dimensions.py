"""What indicators can be split by, as screens offer it."""

from __future__ import annotations

import pytest

from lake import semantic
from lake.errors import AccessDenied
from tests.integration.semantic.conftest import Tiny

pytestmark = pytest.mark.xdist_group("semantic")


def test_every_dimension_offered_can_be_asked_for(tiny: Tiny) -> None:
    offered = semantic.dimensions(["audio_revenue"], scope=tiny.scope())
    assert offered[0].name == "metric_time"
    for dimension in offered:
        assert dimension.label("fr") and dimension.label("en")
        semantic.query(["audio_revenue"], by=[dimension.name], scope=tiny.scope())


def test_dimensions_of_several_indicators_are_those_that_all_have(tiny: Tiny) -> None:
    both = {d.name for d in semantic.dimensions(["audio_revenue", "optical_sales"], scope=tiny.scope())}
    for one in ("audio_revenue", "optical_sales"):
        assert both <= {d.name for d in semantic.dimensions([one], scope=tiny.scope())}
    semantic.query(["audio_revenue", "optical_sales"], by=sorted(both), scope=tiny.scope())


def test_what_needs_the_permission_to_drill_is_told_apart(tiny: Tiny) -> None:
    reader = tiny.scope("two")
    offered = semantic.dimensions(["audio_revenue"], scope=reader)
    assert any(d.is_event for d in offered)
    for dimension in offered:
        if dimension.is_event:
            with pytest.raises(AccessDenied):
                semantic.query(["audio_revenue"], by=[dimension.name], scope=reader)
        else:
            semantic.query(["audio_revenue"], by=[dimension.name], scope=reader)


def test_a_line_out_of_scope_says_nothing_of_its_dimensions(tiny: Tiny) -> None:
    with pytest.raises(AccessDenied):
        semantic.dimensions(["audio_revenue"], scope=tiny.scope("optician"))
