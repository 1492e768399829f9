"""How an indicator is made can be told from its sources to the screens that show it."""

from __future__ import annotations

import pytest

from lake import semantic
from lake.errors import AccessDenied, UnknownMetric
from tests.integration.semantic.conftest import Tiny

pytestmark = pytest.mark.xdist_group("semantic")


def test_an_explanation_goes_from_the_models_to_the_screens(tiny: Tiny) -> None:
    told = semantic.explain("audio_return_rate", scope=tiny.scope())
    assert told.indicator.label("fr") == "Taux de retour"
    assert told.parts == ("audio_returned", "audio_devices")
    assert '"audio"."secured"."audio_returns"' in told.sql
    assert [step.name for step in told.of_kind("indicator")] == ["audio_devices", "audio_returned", "audio_return_rate"]
    (screen,) = told.of_kind("exposure")
    assert (screen.label, screen.owner, screen.before) == ("Audio page", "audio-analyst", ("audio_return_rate",))
    models = {step.name: step for step in told.of_kind("model")}
    assert models["fct_audio_returns"].before == ("fct_audio_fittings",)
    assert models["audio_returns"].path == "models/marts/audio/audio_returns.sql"
    assert next(s for s in told.steps if s.name == "audio_returned").before == ("audio_returns",)
    assert [b.line for b in told.builds] == ["audio"]


def test_each_step_comes_after_those_that_it_is_made_from(tiny: Tiny) -> None:
    for indicator in semantic.metrics():
        told: list[str] = []
        for step in semantic.explain(indicator.name, scope=tiny.scope()).steps:
            assert set(step.before) <= set(told), step
            told.append(step.name)
        assert indicator.name in told


def test_a_part_is_used_by_what_shows_the_whole(tiny: Tiny) -> None:
    shown = semantic.explain("audio_returned", scope=tiny.scope()).of_kind("exposure")
    assert [(step.name, step.before) for step in shown] == [("portal_audio", ("audio_return_rate",))]


def test_explanations_are_for_those_who_see_the_line(tiny: Tiny) -> None:
    with pytest.raises(AccessDenied):
        semantic.explain("audio_revenue", scope=tiny.scope("optician"))
    with pytest.raises(UnknownMetric):
        semantic.explain("audio_revenu", scope=tiny.scope())
