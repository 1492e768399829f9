"""Prototypes on the screen: a scaffold draws at once, nothing typed is lost, and a promotion keeps its evidence."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from group import Group
from pages import opened, texts
from streamlit.testing.v1 import AppTest

from apps.screens.datalab import data, prototype
from apps.words import say
from lake.errors import StoreUnavailable
from lake.prototypes import Journal, card, scaffold
from lake.settings import LINES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

#: One that no other test gives an opinion on. Its threshold: at most 3 %.
CARD = "finance/budget_drift"


class Memory:
    """The store's list of events, in memory: the published group is shared with other tests."""

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = []

    def append(self, kind: str, event: dict[str, Any], /) -> None:
        self.kept.append({"kind": kind, **event})

    def find(self, *, where: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        return [e for e in self.kept if all(e[k] == v for k, v in (where or {}).items())]


@pytest.fixture
def journal(in_group: Group, monkeypatch: pytest.MonkeyPatch) -> Journal:
    made = Journal(Memory())
    for module in (data, prototype):
        monkeypatch.setattr(module, "journal", lambda: made)
    return made


def drawn(page: str) -> None:
    """A script that draws a page's file."""
    from importlib.util import module_from_spec, spec_from_file_location

    from apps.session import sign_in

    spec = spec_from_file_location("scaffold_page", page)
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    module.draw(sign_in())


@pytest.mark.parametrize("line", LINES)
def test_the_scaffold_of_every_line_draws_its_first_figure(in_group: Group, line: str, tmp_path: Path) -> None:
    made = scaffold(line, "first_try", owner='A "B" \\ C', today=date(2026, 1, 5), folder=tmp_path)
    assert made.owner == 'A "B" \\ C'
    page = tmp_path / line / "first_try" / "page.py"
    app = AppTest.from_function(drawn, kwargs={"page": str(page)}, default_timeout=120).run()
    assert not app.exception
    assert app.get("vega_lite_chart")


def test_a_comment_without_a_star_is_still_there_to_be_sent(journal: Journal) -> None:
    app = opened("datalab", language="en", prototype=CARD)
    app.text_area(key=f"comment-{CARD}").input("Useful on Mondays").run()
    app.button(key=f"send-{CARD}").click().run()
    assert [w.value for w in app.warning] == [say("lab.rate_first", "en")]
    assert app.text_area(key=f"comment-{CARD}").value == "Useful on Mondays"
    app.session_state[f"stars-{CARD}"] = 3
    app.button(key=f"send-{CARD}").click().run()
    app.button(key=f"send-{CARD}").click().run()  # a double click says the same twice
    assert [s.value for s in app.success] == [say("lab.thanks", "en")]
    (said,) = journal.record(card(CARD)).feedback
    assert (said.rating, said.comment) == (4, "Useful on Mondays")


def test_a_comment_outlasts_a_walk_to_the_next_screen_of_the_demo(journal: Journal) -> None:
    app = opened("demo", language="en")
    app.text_area[0].input("Not sent yet").run()
    for step in ("demo.next", "demo.previous"):
        next(b for b in app.button if b.label == say(step, "en")).click().run()
    assert app.text_area[0].value == "Not sent yet"


def decide(app: AppTest, measured: str, despite: str = "") -> AppTest:
    app.text_area(key=f"why-{CARD}").input("7 of 9 centres")
    app.text_input(key=f"measured-{CARD}").input(measured)
    app.text_area(key=f"despite-{CARD}").input(despite)
    return next(b for b in app.button if "Pilot" in b.label).click().run()


@pytest.mark.parametrize(
    ("language", "typed", "measured"), [("fr", "1,5", 1.5), ("fr", "1 002,5", None), ("en", "2.5", 2.5)]
)
def test_a_measure_is_read_as_the_readers_language_writes_it(
    journal: Journal, language: str, typed: str, measured: float | None
) -> None:
    app = decide(opened("datalab", language=language, prototype=CARD), typed)
    assert [c.measured for c in journal.record(card(CARD)).changes] == ([measured] if measured else [])
    assert bool(app.error) == (measured is None)  # 1 002,5 misses the threshold


@pytest.mark.parametrize(("language", "typed"), [("en", "1,5"), ("fr", "3.000"), ("fr", "about 2"), ("en", "")])
def test_what_is_no_number_in_the_readers_language_promotes_nothing(
    journal: Journal, language: str, typed: str
) -> None:
    app = decide(opened("datalab", language=language, prototype=CARD), typed)
    assert app.error
    assert journal.record(card(CARD)).stage == "prototype"
    assert app.text_area(key=f"why-{CARD}").value == "7 of 9 centres"


def test_a_missed_threshold_needs_a_reason_that_the_log_keeps(journal: Journal) -> None:
    app = decide(opened("datalab", language="en", prototype=CARD), "4.5")
    assert app.error and journal.record(card(CARD)).stage == "prototype"
    app = decide(app, "4.5", "Budgets came in late")
    (change,) = journal.record(card(CARD)).changes
    assert (change.after, change.measured, change.despite) == ("pilot", 4.5, "Budgets came in late")
    assert "4.5 %" in texts(app) and say("lab.missed", "en", why="Budgets came in late") in texts(app)


def test_an_opinion_stays_in_its_fields_while_the_lake_does_not_answer(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: Any, **__: Any) -> None:
        raise StoreUnavailable("MongoDB does not answer: gone.", remedy="Is it running and reachable?")

    app = opened("datalab", language="fr", prototype=CARD)
    app.text_area(key=f"comment-{CARD}").input("Utile le lundi").run()
    app.session_state[f"stars-{CARD}"] = 3
    for name in ("rate", "viewed"):
        monkeypatch.setattr(Journal, name, gone)
    app.button(key=f"send-{CARD}").click().run()
    (error,) = (e.value for e in app.error)
    assert error.startswith(say("lab.not_sent", "fr")) and "ne répond pas" in error
    assert app.text_area(key=f"comment-{CARD}").value == "Utile le lundi"
    assert not opened("datalab", language="fr", prototype=CARD).error  # a view that is not counted keeps nobody out
