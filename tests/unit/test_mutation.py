"""The mutants that `make mutate` tries: where they are put, and where not; which of them are drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutation import python, sql
from tests.mutation.mutants import Mutant, difference, numbered, sample
from tests.mutation.report import Score
from tests.mutation.results import Result, Results
from tests.mutation.trial import Outcome

MODEL = """
select
    sum(a.price_eur) as price_eur,
    coalesce(b.name, '') as name
from {{ ref('stg_a') }} as a
left join b on a.id = b.id and {{ age('a', 'b') }} >= 20
where a.day between b.since and b.until
"""


def _sql(text: str) -> set[tuple[str, str]]:
    return {difference(text, one.mutated()) for one in sql.mutants("models", "a.sql", text)}


def _python(text: str) -> set[tuple[str, str]]:
    return {difference(text, one.mutated()) for one in python.mutants("land", "a.py", text)}


def test_a_mutant_of_a_model_is_its_own_text_with_one_change() -> None:
    found = _sql(MODEL)
    assert ("left join b on a.id = b.id and {{ age('a', 'b') }} >= 20",
            "inner join b on a.id = b.id and {{ age('a', 'b') }} >= 20") in found  # fmt: skip
    assert ("sum(a.price_eur) as price_eur,", "max(a.price_eur) as price_eur,") in found
    assert ("left join b on a.id = b.id and {{ age('a', 'b') }} >= 20", "left join b on a.id = b.id") in found


def test_jinja_and_the_bounds_of_between_are_left_alone() -> None:
    assert not any("{{ age('a', 'b') }}" not in after for before, after in _sql(MODEL) if "{{ age" in after)
    assert not any(before.startswith("where") for before, _ in _sql(MODEL))


def test_a_comparison_of_python_is_turned_and_loses_its_bound() -> None:
    text = "def full(a: int) -> bool:\n    return a < len('xy')\n"
    assert {after for _, after in _python(text)} == {"return a <= len('xy')", "return a >= len('xy')"}


@pytest.mark.parametrize(
    "line",
    [
        "limit: int | None",
        "Value = str | int",
        "log.info('%d', 1 + 2)",
        "def f(a: int | str) -> int | None: ...",
        "path = folder / 'name'",
        "match a:\n    case int() | str(): ...",
    ],
)
def test_what_no_run_can_tell_has_no_mutant(line: str) -> None:
    assert _python(f"{line}\n") == set()


def _mutants(text: str) -> list[Mutant]:
    return numbered(python.mutants("land", "a.py", text))


def test_a_sample_stays_as_it_is_when_lines_move() -> None:
    text = "".join(f"def f{n}(a):\n    return a + {n}\n" for n in range(20))
    drawn = sample(_mutants(text), 10, seed=1, least=1)
    moved = sample(_mutants(f"'''Words.'''\n\n{text}"), 10, seed=1, least=1)
    assert {one.key for one in drawn} == {one.key for one in moved}
    assert len(drawn) == 10 < len(_mutants(text))


def test_another_seed_draws_other_mutants() -> None:
    text = "".join(f"def f{n}(a):\n    return a + {n}\n" for n in range(20))
    first, second = (sample(_mutants(text), 10, seed=seed, least=1) for seed in (1, 2))
    assert {one.key for one in first} != {one.key for one in second}


def test_lines_that_are_alike_have_mutants_of_their_own() -> None:
    found = _mutants("a = b + 1\na = b + 1\n")
    assert len({one.key for one in found}) == len(found)


def test_a_run_goes_on_with_what_was_kept(tmp_path: Path) -> None:
    one = _mutants("a = b + 1\n")[0]
    Results(tmp_path / "results").add(Result.of(one, Outcome("killed", "test_a"), "a = b + 1", "a = b - 1"))
    found = Results(tmp_path / "results").of(one)
    assert found is not None
    assert (found.is_noticed, found.by) == (True, "test_a")


def test_the_score_is_told_with_and_without_what_is_equivalent() -> None:
    made = [
        Result(str(n), "land", "a.py", 1, "", "", "", outcome, "", 0, 0)
        for n, outcome in enumerate(["killed", "killed", "timeout", "survived", "untested"])
    ]
    score = Score.of(made, {"3": ("equivalent", ""), "4": ("accepted", "")})
    assert score.row("land") == "| land | 5 | 3 | 2 | 1 | 60.0% | 75.0% |"
