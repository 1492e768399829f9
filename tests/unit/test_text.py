"""Text that is spelt in many ways is one; names sort as French does, in Python as in DuckDB."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.text import fold, sort_key, unaccented

#: Letters that names of persons, places and shops are written with in France.
LETTERS = "abcdefghijklmnopqrstuvwxyzàâäçéèêëîïôöùûüÿœæABCDEFGHIJKLMNOPQRSTUVWXYZÀÂÇÉÈÊËÎÏÔŒÆ"


@pytest.mark.parametrize(
    "spellings",
    [
        ("N° adhérent", "Nº adhérent", "NO ADHERENT", "  n°\u00a0 adhe\u0301rent ", "№ adhérent"),
        ("Mois d'accueil", "Mois d’accueil", "mois d`accueil", "MOIS D´ACCUEIL"),
        ("Cœur", "coeur", "CŒUR", "Coeur"),
        ("L'Haÿ-les-Roses", "l’haÿ‑les‑roses", "L'HAY–LES–ROSES"),
        ("Clermont-Ferrand", "Clermont\u00ad-\u200bFerrand", "\ufeffclermont—ferrand"),
        ("Prise en charge m²", "prise\u202fen charge m2"),
        ("ﬁnancière", "Financière"),
        ("Ex æquo", "EX AEQUO"),
    ],
)
def test_spellings_of_one_word_are_one(spellings: tuple[str, ...]) -> None:
    assert len({fold(text) for text in spellings}) == 1


@pytest.mark.parametrize(("one", "other"), [("côte", "cotes"), ("N° 1", "N° 10"), ("a b", "ab"), ("a-b", "ab")])
def test_other_words_stay_other(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(st.text())
def test_what_is_folded_stays_as_it_is(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_case_stays_where_it_counts() -> None:
    assert unaccented("S02_Crèche_Œuvres.csv") == "S02_Creche_OEuvres.csv"


def test_names_sort_as_in_a_french_dictionary() -> None:
    names = ["Zuydcoote", "Œting", "Échirolles", "Saint-Étienne", "cote", "Calais", "côté", "Lorient", "Ernée", "Cote"]
    names.sort(key=sort_key)
    assert names == [
        "Calais", "cote", "Cote", "côté", "Échirolles", "Ernée", "Lorient", "Œting", "Saint-Étienne", "Zuydcoote",
    ]  # fmt: skip


@given(
    st.lists(
        st.text(LETTERS + " -0123456789", min_size=1, max_size=12).map(str.strip).filter(bool), min_size=1, unique=True
    )
)
def test_python_and_duckdb_sort_alike(names: list[str]) -> None:
    with duckdb.connect() as connection:
        rows = connection.execute("SELECT n FROM unnest(?) AS t(n) ORDER BY n COLLATE fr", [names]).fetchall()
    assert sorted(names, key=sort_key) == [name for (name,) in rows]
