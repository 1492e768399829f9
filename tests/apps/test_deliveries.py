"""Quality › Deliveries: what waits is let through after a confirmation, a column in question is answered there."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import small_group
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from apps.words import LANGUAGES, Language, escaped, say
from lake.contracts import contract
from lake.land import land
from lake.land.questions import open_questions
from lake.land.waiting import waiting
from lake.settings import PROJECT
from lake.store import Store

pytestmark = pytest.mark.timeout(600)

WHOLE, CUT, FITTINGS = "communes_2025.csv", "communes_2026.csv", "S01_audio_appareillages_2025-02.csv"


@pytest.fixture
def delivered(store: Store, tmp_path: Path) -> Path:
    """A table of a hundred communes, one of forty that replaces it, and fittings whose column was renamed."""
    small_group.write(tmp_path, {"geo_communes": [_commune(n) for n in range(100)], "audio_fittings": [_FITTING]})
    whole, fittings = tmp_path / WHOLE, tmp_path / FITTINGS
    lines = whole.read_bytes().splitlines(keepends=True)
    (tmp_path / CUT).write_bytes(b"".join(lines[:41]))
    fittings.write_bytes(fittings.read_bytes().replace(b"Renouvellement", b"Renouv."))
    assert [land([str(path)]).files[0].status for path in (whole, tmp_path / CUT, fittings)] == [
        "landed", "waiting", "landed",
    ]  # fmt: skip
    return tmp_path


def _commune(number: int) -> dict[str, Any]:
    named = {"commune_code": f"44{number:03d}", "commune_name": f"Commune {number}", "postcode": "44000"}
    place = {"department_code": "44", "department_name": "Loire-Atlantique", "region_name": "Pays de la Loire"}
    return {**named, **place, "latitude": 47.0, "longitude": -1.0}


_FITTING: dict[str, Any] = {
    "fitting_id": "AP010000001", "site_id": "S01-AUD-01", "person_id": "900000001", "device_class": "I",
    "act_code": "PAZ", "price_eur": 950, "price_excl_vat_eur": "900.47", "amc_eur": 950, "patient_eur": 0,
    "fitted_on": date(2025, 2, 1), "is_renewal": True,
}  # fmt: skip


def opened(language: Language, role: str = "data-engineer") -> AppTest:
    st.cache_resource.clear()
    app = AppTest.from_file(str(PROJECT / "apps" / "portal.py"), default_timeout=120)
    app.query_params["as"] = role
    app.query_params["lang"] = language
    app._page_hash = calc_hash("quality")
    app.run()
    app.button_group(key="quality-part").set_value("deliveries").run()
    assert not app.exception and not app.error
    return app


def texts(app: AppTest) -> str:
    return "\n".join(str(e.value) for e in (*app.markdown, *app.caption, *app.success, *app.warning, *app.info))


def labelled(app: AppTest, key: str, language: Language) -> Any:
    return next(b for b in app.button if b.label == say(key, language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_delivery_that_waits_says_why_and_lands_once_confirmed(
    store: Store, delivered: Path, language: Language
) -> None:
    app = opened(language)
    assert escaped(CUT) in texts(app)
    everything = say("quality.waiting.everything", language)
    assert say("quality.waiting.doubt.withdraws", language, n=60, total=100, scope=everything) in texts(app)
    labelled(app, "quality.waiting.let", language).click().run()
    assert say("quality.waiting.let_text", language, name=escaped(CUT), source="geo_communes") in texts(app)
    assert len(waiting(store)) == 1, "a question is no answer"
    app.button(key="confirm").click().run()
    assert not app.exception and not app.error
    assert [s.value for s in app.success] == [
        say("quality.waiting.landed", language, name=escaped(CUT), landed=0, withdrawn=60)
    ]
    assert say("quality.waiting.none", language) in texts(app)
    assert waiting(store) == []
    assert store.files("geo_communes")[-1].withdrawn == 60


def test_a_delivery_whose_file_is_gone_lands_when_it_comes_again(store: Store, delivered: Path) -> None:
    cut = (delivered / CUT).read_bytes()
    (delivered / CUT).unlink()
    app = opened("en")
    labelled(app, "quality.waiting.let", "en").click().run()
    app.button(key="confirm").click().run()
    assert [s.value for s in app.success] == [say("quality.waiting.later", "en", name=escaped(CUT))]
    (one,) = waiting(store)
    assert one.confirmed_by
    assert say(
        "quality.waiting.confirmed", "en", by=escaped(f"{one.confirmed_by.partition(' as ')[0]} (Data engineer)")
    ) in texts(app)
    (delivered / CUT).write_bytes(cut)
    assert land([str(delivered / CUT)]).files[0].withdrawn == 60


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_column_in_question_is_answered_by_the_header_that_it_is(
    store: Store, delivered: Path, language: Language
) -> None:
    app = opened(language)
    values = {"name": escaped("is_renewal"), "source": "audio_fittings", "n": 1, "last": escaped(FITTINGS)}
    assert say("quality.questions.absent", language, **values) in texts(app)
    app.selectbox(key="alias-audio_fittings-absent-is_renewal").set_value("Renouv.").run()
    labelled(app, "quality.questions.alias", language).click().run()
    app.button(key="confirm").click().run()
    assert [s.value for s in app.success] == [say("quality.questions.answered", language, name=escaped("is_renewal"))]
    assert say("quality.questions.none", language) in texts(app)
    assert land([str(delivered / FITTINGS)]).files[0].missing == ()


def test_a_column_that_is_rightly_absent_is_asked_about_no_more(store: Store, delivered: Path) -> None:
    app = opened("en")
    labelled(app, "quality.questions.accept", "en").click().run()
    app.button(key="confirm").click().run()
    assert not app.exception and not app.error
    assert open_questions(store, contract("audio_fittings")) == []


def test_who_may_not_answer_sees_neither_deliveries_nor_columns(delivered: Path) -> None:
    app = opened("en", "audio-analyst")
    assert escaped(CUT) not in texts(app) and "Renouv." not in texts(app)
    assert not [b for b in app.button if b.label == say("quality.waiting.let", "en")]
