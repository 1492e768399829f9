"""A seed that is edited alone, as a new rate is: what dbt remembers of the project must not hold the old rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lake import build
from lake.errors import BuildError

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SEED = "ear,side\nleft,gauche\nright,droite\n"
MODEL = "select ear, side, side = 'gauche' as is_left from {{ ref('audio_sides') }}\n"
DESCRIBED = """
version: 2
models:
  - name: dim_audio_side
    description: One ear.
    columns:
      - {name: ear, data_type: varchar}
      - {name: side, data_type: varchar}
      - {name: is_left, data_type: boolean}
unit_tests:
  - name: the_seed_says_which_ear_is_left
    model: dim_audio_side
    given: [{input: ref('audio_sides')}]
    expect: {rows: [{ear: left, is_left: true}, {ear: right, is_left: false}]}
"""


def test_a_unit_test_without_rows_of_its_own_reads_the_seed_as_it_is_now(project: Path, mirror: Any) -> None:
    mirror(1)
    folder = project / "models" / "marts" / "audio"
    for name, text in (("audio_sides.csv", SEED), ("dim_audio_side.sql", MODEL), ("dim_audio_side.yml", DESCRIBED)):
        (folder / name).write_text(text, "utf-8")
    (first,) = build.build_lines(["audio"], project=project)
    assert first.build is not None

    (folder / "audio_sides.csv").write_text(SEED.replace("gauche", "left"), "utf-8")
    (second,) = build.build_lines(["audio"], project=project)

    assert isinstance(second.error, BuildError)
    assert "the_seed_says_which_ear_is_left" in str(second.error)
