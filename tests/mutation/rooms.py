"""Which code is mutated, by room, and where its nearest tests are, the nearest first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_LAND = "tests/integration/land"
_BUILD = "tests/integration/build"


@dataclass(frozen=True)
class Room:
    """`code` are globs of the files that are mutated, `tests` files or folders of tests."""

    code: tuple[str, ...]
    tests: tuple[str, ...]

    def files(self, tree: Path) -> list[str]:
        return sorted(str(path.relative_to(tree)) for glob in self.code for path in tree.glob(glob))


ROOMS = {
    "readers": Room(
        ("lake/readers/*.py",),
        (
            "tests/unit/readers",
            "tests/unit/test_fec_reader.py",
            f"{_LAND}/test_values_as_files_write_them.py",
            f"{_LAND}/test_spellings.py",
        ),
    ),
    "land": Room(
        ("lake/land/*.py",),
        ("tests/unit/land", _LAND),
    ),
    "store": Room(
        ("lake/store/*.py",),
        (
            "tests/unit/test_bson_columns.py",
            "tests/integration/test_store_batches.py",
            "tests/integration/test_store_versions.py",
            "tests/integration/test_leases.py",
            "tests/integration/test_mongod.py",
            "tests/integration/test_failures.py",
            "tests/integration/test_rights.py",
            _LAND,
        ),
    ),
    "semantic": Room(
        ("lake/semantic/*.py",),
        (
            "tests/unit/test_semantic_cache.py",
            "tests/unit/test_semantic_filters.py",
            "tests/unit/test_semantic_periods.py",
            "tests/unit/test_explore_peers.py",
            "tests/unit/test_quality_changes.py",
            "tests/integration/semantic",
            f"{_BUILD}/test_restatement.py",
            "tests/integration/test_handbook.py",
        ),
    ),
    "access": Room(
        ("lake/access/*.py",),
        ("tests/unit/test_access.py", "tests/integration/semantic/test_only_your_rows.py"),
    ),
    "checks": Room(
        ("lake/checks/*.py",),
        (
            "tests/unit/test_offending.py",
            "tests/unit/test_core_suites.py",
            f"{_BUILD}/test_checks.py",
            f"{_BUILD}/test_group_mart.py",
            f"{_LAND}/test_columns_in_question.py",
        ),
    ),
    "publish": Room(
        ("lake/publish.py", "lake/builds.py"),
        (
            f"{_BUILD}/test_publish.py",
            f"{_BUILD}/test_rollback.py",
            f"{_BUILD}/test_damage.py",
            f"{_BUILD}/test_origin.py",
            f"{_BUILD}/test_build.py",
            f"{_BUILD}/test_run.py",
        ),
    ),
    # Beside the tests that dbt runs of a model and of all that is made from it, and the suites of its line.
    "models": Room(
        ("models/**/*.sql",),
        ("tests/integration/test_trade_rules.py",),
    ),
}

#: The tests of the models' figures on the sample group, by line; those of the shared dimensions are everybody's.
BY_HAND = {
    "audio": ("tests/integration/test_audio_optical_by_hand.py",),
    "optical": ("tests/integration/test_audio_optical_by_hand.py",),
    "dental": ("tests/integration/test_dental_childcare_by_hand.py",),
    "childcare": ("tests/integration/test_dental_childcare_by_hand.py",),
    "finance": ("tests/integration/test_finance_by_hand.py",),
    "group": ("tests/integration/test_group_by_hand.py",),
    "core": ("tests/integration/test_geo_sources.py",),
}
