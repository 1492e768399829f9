"""Marts spoilt on purpose: what each expectation forbids, done to a copy, must be noticed."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import duckdb

from lake import builds
from lake.checks import suites
from lake.checks.runner import Subject, run_suites

#: Suite → expectation → what is replaced in a copy of a row that fulfils the condition after `where`.
Spoilt = Mapping[str, Mapping[str, str]]
#: Name of a whole copy → what is done to it, or to one of the shared dimensions (`core.…`), and the expectations that
#: must notice.
Copies = Mapping[str, tuple[str, set[str]]]


def every_expectation_is_met_and_broken(line: str, spoilt: Spoilt, copies: Copies, folder: Path) -> None:
    """The published mart meets all expectations that block; each is broken by the row, or the copy, that is about it.

    The sample is as dirty as real deliveries: of what it is warned of already, there must be more.
    """
    build = builds.published(line)
    assert build is not None
    expected = suites.load(line)
    dumped = [s.model_dump() for s in expected]
    subjects = [Subject.of(build, expected)]
    for name in ("spoilt", *copies):
        path, core = folder / f"{name}.duckdb", build.core_database
        shutil.copyfile(build.database, path)
        with duckdb.connect() as con:
            con.execute(f"set file_search_path = '{build.folder}'")
            con.execute(f"attach '{path}' as \"{line}\"")
            if name != "spoilt" and "core." in copies[name][0]:
                core = Path(shutil.copyfile(build.core_database, folder / f"{name}-core.duckdb"))
                con.execute(f"attach '{core}' as core")
            con.execute(f'use "{line}"')
            if name == "spoilt":
                _add_spoilt_rows(con, spoilt, {s.name: s.table for s in expected if s.table})
            else:
                con.execute(copies[name][0])
        catalogs = {line: str(path), "core": str(core)}
        subjects.append(Subject(name, line, str(build.folder), catalogs, dumped))
    found = run_suites(subjects)

    assert [(r.says_en, r.detail) for r in found[build.id] if r.outcome == "blocked"] == []
    before = {r.says_en: r.detail for r in found[build.id] if r.outcome != "passed"}
    assert [(n, r.says_en, r.detail) for n, results in found.items() for r in results if "could not" in r.detail] == []
    broken = {
        name: {r.says_en for r in results if r.outcome != "passed" and r.detail != before.get(r.says_en)}
        for name, results in found.items()
    }
    must = {says for changes in spoilt.values() for says in changes}
    assert not must - broken["spoilt"], must - broken["spoilt"]
    for name, (_, says) in copies.items():
        assert says - broken[name] == set(), name
    assert {e.says_en for s in expected for e in s.expectations} == must.union(*(says for _, says in copies.values()))


def _add_spoilt_rows(con: duckdb.DuckDBPyConnection, spoilt: Spoilt, tables: Mapping[str, str]) -> None:
    for suite, changes in spoilt.items():
        table = tables[suite]
        con.execute(f"create temp table good as from {table}")  # so that no row is spoilt twice
        if table.startswith("staging."):  # a view on the build's files, which nothing can be added to
            con.execute(f"drop view {table}; create table {table} as from good")
        for change in changes.values():
            replaced, _, condition = change.partition(" where ")
            (added,) = con.execute(
                f"insert into {table} select * replace ({replaced}) from good where {condition or 'true'} "
                "order by _key limit 1"
            ).fetchone() or (0,)
            assert added == 1, f"{suite} has no row where {condition}"
        con.execute("drop table good")
