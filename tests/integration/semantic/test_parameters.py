"""What rests on values that nobody has verified says so beside the figure."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from lake import semantic
from tests.integration.semantic.conftest import Tiny


def notes(tiny: Tiny, metric: str, since: date | None = None, until: date | None = None) -> list[tuple[str, str]]:
    answer = semantic.query([metric], since=since, until=until, scope=tiny.scope())
    return [(note.fr, note.en) for note in answer.notes if note.comparison == "parameters"]


def test_a_figure_says_which_of_its_parameters_are_not_verified_and_for_which_years(tiny: Tiny) -> None:
    assert notes(tiny, "optical_net") == [
        (
            "Net : repose sur des valeurs non vérifiées (Taxe, 2023–), tant que le groupe n'a pas chargé le barème "
            "officiel.",
            "Net: rests on unverified values (Tax, 2023–) until the group loads the official table.",
        )
    ]


@pytest.mark.parametrize(
    ("since", "until", "years"),
    [
        (date(2023, 12, 31), date(2024, 6, 30), "2023"),
        (date(2024, 1, 1), date(2024, 7, 1), "2024–"),
        (None, date(2023, 1, 1), "2023"),
    ],
)
def test_only_the_period_that_is_asked_for_counts(
    tiny: Tiny, since: date | None, until: date | None, years: str
) -> None:
    ((_, said),) = notes(tiny, "optical_net", since, until)
    assert f"(Tax, {years})" in said


@pytest.mark.parametrize(("since", "until"), [(date(2024, 1, 1), date(2024, 6, 30)), (None, date(2022, 12, 31))])
def test_nothing_is_said_where_all_values_are_verified(tiny: Tiny, since: date | None, until: date) -> None:
    assert notes(tiny, "optical_net", since, until) == []


def test_nothing_is_said_of_an_indicator_that_rests_on_none(tiny: Tiny) -> None:
    assert notes(tiny, "optical_revenue") == []


def test_what_the_published_figures_rest_on_can_be_listed(tiny: Tiny) -> None:
    found = semantic.parameters()
    assert [(p.name, p.value, p.valid_to, p.origin) for p in found] == [
        ("tax", Decimal(1), date(2022, 12, 31), "shipped"),
        ("tax", Decimal(2), date(2023, 12, 31), "shipped"),
        ("tax", Decimal(3), date(2024, 6, 30), "loaded"),
        ("tax", Decimal(4), None, "shipped"),
    ]


def test_a_build_older_than_parameters_answers_without_a_word(tiny: Tiny) -> None:
    def forget(folder: Path) -> None:
        core = folder / "core.duckdb"
        copy = core.read_bytes()
        core.unlink()
        core.write_bytes(copy)
        with duckdb.connect(core) as connection:
            connection.execute("drop table atomic.dim_parameter")

    tiny.publish("optical", change=forget, minutes=1)
    assert notes(tiny, "optical_net") == []
