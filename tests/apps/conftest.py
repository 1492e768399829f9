"""Pages under test hand over no counts of use: a thread of one test would meet the settings of another."""

from __future__ import annotations

import math

import pytest

from apps import usage


@pytest.fixture(autouse=True)
def counts_stay_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "EVERY", math.inf)
