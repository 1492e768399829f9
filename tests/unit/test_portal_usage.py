"""The portal counts visits, not questions, and never waits for the lake."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from apps import usage
from apps.session import Session
from lake import access


class Lake:
    """What the store is to the recorder."""

    def __init__(self) -> None:
        self.written: list[tuple[str, int]] = []

    def add(self, counted: dict[str, tuple[Any, int]]) -> None:
        self.written += [(id.split("|", 1)[1], n) for id, (_, n) in counted.items()]


def visit(viewer: str, role: str = "audio-analyst") -> Session:
    return Session("fr", access.scope(role, who=viewer), viewer)


@pytest.fixture
def lake(monkeypatch: pytest.MonkeyPatch) -> Lake:
    kept = Lake()
    monkeypatch.setattr(usage, "store", lambda: SimpleNamespace(usage=kept))
    return kept


def test_a_visit_counts_an_indicator_once_a_day(lake: Lake) -> None:
    recorder = usage.Recorder()
    for _ in range(3):
        recorder.note(visit("a"), ["sales", "trials"])
    recorder.note(visit("b"), ["sales"])
    recorder.note(visit("a", "data-engineer"), ["sales"])
    recorder.hand_over()
    assert sorted(lake.written) == [("audio-analyst|sales", 2), ("audio-analyst|trials", 1), ("data-engineer|sales", 1)]
    recorder.note(visit("a"), ["sales"])
    recorder.hand_over()
    assert len(lake.written) == 3


def test_a_lake_that_does_not_answer_loses_counts_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def down() -> None:
        raise ConnectionError

    monkeypatch.setattr(usage, "store", down)
    monkeypatch.setattr(usage, "EVERY", 0.0)
    recorder = usage.Recorder()
    recorder.note(visit("a"), ["sales"])
    recorder.hand_over()
