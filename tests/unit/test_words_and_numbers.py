"""Words exist in both languages and are all used; figures read as a French or an English reader writes them."""

from __future__ import annotations

import ast
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from string import Formatter

import pytest
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from apps import browser
from apps.blocks import freshness, landed_at
from apps.numbers import NOTHING, age, change, day, figure, instant, locale, places, typed, written
from apps.words import LANGUAGES, Language, catalogue, say
from lake.settings import PROJECT


@pytest.mark.parametrize("key", catalogue())
def test_every_word_has_both_languages_and_the_same_places_to_fill(key: str) -> None:
    texts = catalogue()[key]
    places = [{name for _, name, _, _ in Formatter().parse(texts[lang]) if name} for lang in LANGUAGES]
    assert all(texts[lang].strip() for lang in LANGUAGES)
    assert places[0] == places[1]


def test_every_word_that_a_screen_says_is_in_the_catalogue() -> None:
    said = set()
    for path in (PROJECT / "apps").rglob("*.py"):
        said |= set(re.findall(r"""say\(["']([a-z_.]+)["']""", path.read_text("utf-8")))
    assert said <= set(catalogue()), said - set(catalogue())


def test_a_word_that_is_missing_is_an_error() -> None:
    with pytest.raises(KeyError):
        say("no.such.word", "fr")


@pytest.mark.parametrize(
    ("n", "fr", "en"),
    [
        (0, "0 ligne hors contrat : gardée entière", "0 rows out"),
        (1, "1 ligne hors contrat : gardée entière", "1 row out"),
        ("1", "1 ligne", "1 row"),
        (2, "2 lignes hors contrat : gardées entières", "2 rows out"),
        ("1\u202f201", "1\u202f201 lignes", "1\u202f201 rows"),
        (1_000_000, "1000000 lignes", "1000000 rows"),
    ],
)
def test_a_word_agrees_with_the_number_before_it(n: object, fr: str, en: str) -> None:
    assert say("quality.quarantine_some", "fr", n=n).startswith(fr)
    assert say("quality.quarantine_some", "en", n=n).startswith(en)
    assert say("catalogue.found", "en", n="results (s)") == "results (s) results"  # only words of ours


@pytest.mark.parametrize(
    ("value", "unit", "fr", "en"),
    [
        (Decimal("1234567.891"), "eur", "1 234 568 €", "€1,234,568"),
        (Decimal("12.5"), "eur", "12,50 €", "€12.50"),
        (-3.2, "eur", "-3,20 €", "-€3.20"),
        (0.1234, "rate", "12,3 %", "12.3%"),
        (1234, "count", "1 234", "1,234"),
        (7.25, "hours", "7,25 h", "7.25 h"),
        (3, "days", "3 j", "3 d"),
        (None, "eur", NOTHING, NOTHING),
        (float("nan"), "rate", NOTHING, NOTHING),
    ],
)
def test_a_figure_is_written_as_its_reader_writes_it(value: float | None, unit: str, fr: str, en: str) -> None:
    assert _plain(figure(value, unit, "fr")) == fr
    assert _plain(figure(value, unit, "en")) == en


def test_a_short_figure_keeps_its_order_of_magnitude() -> None:
    assert _plain(figure(1_234_567, "eur", "fr", short=True)) == "1,2 M €"
    assert _plain(figure(1_234_567, "eur", "en", short=True)) == "€1.2M"
    assert _plain(figure(999, "count", "fr", short=True)) == "999"


@pytest.mark.parametrize(
    ("value", "before", "unit", "expected"),
    [
        (110, 100, "eur", "+10,0 %"),
        (90, 100, "count", "-10,0 %"),
        (0.12, 0.10, "rate", "+2,0 pts"),
        (4, 1, "count", "+3"),
        (1, 29, "count", "-28"),
        (60, 30, "count", "+100,0 %"),
        (1, 0, "eur", None),
        (1, None, "eur", None),
        (None, 1, "rate", None),
    ],
)
def test_a_change_is_in_per_cent_or_points_and_says_nothing_it_cannot_know(
    value: float | None, before: float | None, unit: str, expected: str | None
) -> None:
    found = change(value, before, unit, "fr")
    assert (found and _plain(found)) == expected


def test_an_instant_is_told_in_paris() -> None:
    assert instant(datetime(2026, 7, 1, 22, 30, tzinfo=UTC), "fr") == "2 juil. 2026, 00:30"
    assert day(date(2026, 7, 1), "en") == "1 Jul 2026"


@pytest.mark.parametrize(
    ("elapsed", "fr"),
    [(timedelta(minutes=12), "il y a 12 min"), (timedelta(hours=5), "il y a 5 h"), (timedelta(days=4), "il y a 4 j")],
)
def test_an_age_is_told_in_the_largest_unit_that_fits(elapsed: timedelta, fr: str) -> None:
    assert age(elapsed, "fr") == fr


def _plain(text: str) -> str:
    """Ordinary blanks for the typographic ones."""
    return re.sub(r"[\u00a0\u202f]", " ", text)


@given(
    st.one_of(st.decimals(-(10**12), 10**12, places=4), st.floats(-1e12, 1e12), st.integers(-(10**15), 10**15)),
    st.integers(0, 2),
    st.sampled_from(LANGUAGES),
)
def test_a_number_is_written_as_babel_writes_it(value: Decimal | float, places: int, language: Language) -> None:
    pattern = "#,##0" + ("." + "0" * places if places else "")
    assert written(value, places, language) == format_decimal(value, format=pattern, locale=locale(language))


def test_freshness_tells_the_newest_event_and_the_landing() -> None:
    assert freshness(date(2025, 12, 31), "il y a 2 h", "fr") == "Événements jusqu'au 31 déc. 2025, reçus il y a 2 h"
    assert freshness(date(2025, 12, 31), "2 h ago", "en") == "Events up to 31 Dec 2025, landed 2 h ago"
    assert freshness(None, landed_at(datetime(2026, 1, 5, 8, 12, tzinfo=UTC), "en"), "en") == (
        "Data landed on 5 Jan 2026, 09:12"
    )


@pytest.mark.parametrize(
    ("text", "fr", "en"),
    [
        ("1,5", "1.5", None),
        ("1.5", "1.5", "1.5"),
        ("1 234,5", "1234.5", None),
        ("1\u202f234,50", "1234.50", None),
        ("1,234.5", None, "1234.5"),
        ("1,234", "1.234", "1234"),
        ("1.234", None, "1.234"),
        ("−3", "-3", "-3"),
        ("+12", "12", "12"),
        ("1 23", None, None),
        ("1e5", None, None),
        ("12 %", None, None),
        ("nan", None, None),
        ("", None, None),
    ],
)
def test_a_number_is_read_as_the_language_writes_it_or_not_at_all(text: str, fr: str | None, en: str | None) -> None:
    for language, expected in (("fr", fr), ("en", en)):
        try:
            found = str(typed(text, language))  # type: ignore[arg-type]
        except ValueError:
            found = None
        assert found == expected


@given(st.decimals(-10_000_000, 10_000_000, places=2), st.sampled_from(LANGUAGES))
def test_what_is_written_is_read_as_the_same_number(value: Decimal, language: Language) -> None:
    assert typed(written(value, 2, language), language) == value


@pytest.mark.parametrize(
    ("values", "unit", "decimals"),
    [
        ([999.5, 1_000.25], "eur", 0),
        ([9.5, None], "eur", 2),
        ([1, 2_000], "count", 0),
        ([1.25, 99.0], "days", 2),
        ([1.25, 140.0], "days", 1),
        ([0.5, 12.0], "rate", 1),
        ([], "hours", 0),
    ],
)
def test_the_figures_of_a_column_have_as_many_decimals(values: list[float | None], unit: str, decimals: int) -> None:
    assert places(values, unit) == decimals
    said = [figure(v, unit, "en", decimals=places(values, unit)) for v in values if v is not None]
    assert all(len(re.sub(r"[^\d.]", "", text).partition(".")[2]) == decimals for text in said)


def test_each_language_has_its_own_signs() -> None:
    """Guillemets, blanks before punctuation, a comma before decimals are French; curly quotes are English."""
    for key, texts in catalogue().items():
        assert not re.search(r"[«»]|[\s\u202f\u00a0][;:!?%](\s|$)|\d,\d{1,2}\b", texts["en"]), key
        assert not re.search(r"[“”]|\w[;!?](\s|$)|\d\.\d\b", texts["fr"]), key


def test_what_streamlit_says_is_known_once_in_each_language_with_the_same_places_to_fill() -> None:
    known = browser.catalogue()
    assert all(english.count("{}") == french.count("{}") for english, french in known.items())
    for language in LANGUAGES:
        assert f'document.documentElement.lang = "{language}"' in browser.script(language)
    assert '["Fullscreen", "Plein écran"]' in browser.script("fr")
    assert '["Plein écran", "Fullscreen"]' in browser.script("en")
    assert r'["^Select\\ (.+?)\\ matches$", "Sélectionner les $1 résultats"]' in browser.script("fr")


def test_every_table_says_what_stands_where_a_value_is_missing() -> None:
    # Streamlit writes «None» there, in every language.
    calls = [
        (path.name, node)
        for path in (PROJECT / "apps").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "st.dataframe"
    ]
    assert len(calls) > 10
    assert [name for name, node in calls if "placeholder" not in {k.arg for k in node.keywords}] == []
