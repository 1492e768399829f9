"""Trials of mutants of models: what a build of the line would say of them, step by step, the quickest first.

A published group lies beside the copy of the tree: the tests of trades on a handful of records written by hand, and the
sample. In both, the mutant and all that is made from it is computed again by dbt where it lies; in the sample dbt also
runs its unit tests and data tests. Then pytest's tests of the figures read these groups, and the suites of the line
check them. The first of these that fails kills the mutant.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .rooms import BY_HAND, ROOMS

TRADES = ("audio", "dental", "optical", "childcare")

#: Seconds of a processor after which a step is taken to run for ever.
DBT_SECONDS, SUITES_SECONDS, PYTEST_SECONDS = 120.0, 120.0, 240.0

_QUIET = ["--log-format", "json", "--log-level-file", "none", "--no-use-colors", "--no-version-check"]

#: What a step does in a child, how long it may take; it says what failed in the file that it is given.
Step = tuple[Callable[[Path], int], float]


class Models:
    """dbt with the project of one copy of the tree read, before any mutant is in it."""

    def __init__(self, folder: Path, groups: Path) -> None:
        self._target, self._groups = folder / "dbt", groups
        self._where = ["--project-dir", ".", "--profiles-dir", "."]
        from dbt.cli.main import dbtRunner

        parsed = dbtRunner().invoke(["parse", *self._where, "--target-path", str(self._target), *_QUIET])
        if not parsed.success:
            raise RuntimeError(f"dbt can't read the project: {parsed.exception}")
        self._manifest: Any = parsed.result

    def steps(self, path: str, pytest: Callable[[list[str]], int]) -> Iterator[Step]:
        """What is done with the mutant of a model, in order."""
        unique = next(n for n, node in self._manifest.nodes.items() if node.original_file_path == path)
        marts = [_mart(path), *self._below(unique, _mart(path))]
        yield self._dbt("group-1", path, unique, marts[0], "build")
        yield self._followed("group-1", marts[0])
        if marts[0] not in ("finance",):
            for mart in marts:
                yield self._dbt("trade-rules", path, unique, mart, "run")
                yield self._followed("trade-rules", mart)
            yield (lambda failed: pytest(list(ROOMS["models"].tests))), PYTEST_SECONDS
        yield (lambda failed: self._suites(marts[0], failed)), SUITES_SECONDS
        for mart in marts[1:]:
            yield self._dbt("group-1", path, unique, mart, "build")
            yield self._followed("group-1", mart)
        yield (lambda failed: pytest(list(BY_HAND[marts[0]]))), PYTEST_SECONDS

    def _below(self, unique: str, mart: str) -> list[str]:
        """The other marts that hold what is made from a model, in the order in which they are made."""
        found, queue = set(), [unique]
        while queue:
            for child in self._manifest.child_map[queue.pop()]:
                node = self._manifest.nodes.get(child)
                if node is not None and node.resource_type == "model":
                    found.add(_mart(node.original_file_path))
                    queue.append(child)
        return [one for one in (*TRADES, "finance", "group") if one in found and one != mart]

    def _place(self, group: str, mart: str) -> Path:
        """Where a mart's published build is; of the shared dimensions, the build that the lines were made with."""
        folder = self._groups / group / "lake" / "marts" / mart
        if mart == "core":
            line = self._place(group, "audio")
            return folder / json.loads((line / "build.json").read_text("utf-8"))["core_id"]
        return folder / json.loads((folder / "published.json").read_text("utf-8"))["build"]

    def _dbt(self, group: str, path: str, unique: str, mart: str, command: str) -> Step:
        def work(failed: Path) -> int:
            from dbt.cli.main import dbtRunner

            self._manifest.nodes[unique].raw_code = Path(path).read_text("utf-8")
            os.environ["LAKE_BUILD_FOLDER"] = str(self._place(group, mart))
            name = unique.rpartition(".")[2]
            selection = ["--select", *(f"{name}+,path:{folder}" for folder in _folders(mart))]
            if command == "build":
                selection += ["--indirect-selection", "cautious" if mart == "core" else "eager"]
            if mart in TRADES:
                selection += ["--exclude", "path:models/marts/group"]
            target = ["--target", mart, "--target-path", str(self._target / mart), "--fail-fast"]
            done = dbtRunner(manifest=self._manifest).invoke([command, *self._where, *target, *selection, *_QUIET])
            if not done.success:
                results = getattr(done.result, "results", None) or []
                nodes = [r.node.name for r in results if r.status in ("error", "fail", "runtime error")]
                failed.write_text(f"dbt: {nodes[0]}" if nodes else f"dbt: {done.exception}", "utf-8")
            sys.stdout.flush()
            # Not through os._exit: DuckDB writes its last pages when its connection closes.
            sys.exit(0 if done.success else 1)

        return work, DBT_SECONDS

    def _followed(self, group: str, mart: str) -> Step:
        """The builds that hold this mart's database get the new one, and new seals."""

        def work(failed: Path) -> int:
            from dataclasses import asdict

            from lake.seals import seal

            new = self._place(group, mart) / f"{mart}.duckdb"
            for one in ("core", *TRADES, "finance", "group"):
                if not (self._groups / group / "lake" / "marts" / one / "published.json").exists() and one != "core":
                    continue
                place = self._place(group, one)
                if (place / new.name).exists():
                    if place != new.parent:
                        shutil.copy2(new, place / new.name)
                    document = json.loads((place / "build.json").read_text("utf-8"))
                    document["files"][new.name] = asdict(seal(place, [new.name])[new.name])
                    (place / "build.json").unlink()  # it is a link to the pristine group's
                    (place / "build.json").write_text(json.dumps(document), "utf-8")
            return 0

        return work, DBT_SECONDS

    def _suites(self, mart: str, failed: Path) -> int:
        from dataclasses import asdict

        os.environ["LAKE_DATA"] = str(self._groups / "group-1" / "lake")
        from lake import builds
        from lake.checks import expectations, suites
        from lake.checks.runner import Subject

        found = builds.build(mart, self._place("group-1", mart).name)
        asked, answered = failed.with_name("asked.json"), failed.with_name("answered.json")
        asked.write_text(json.dumps([asdict(Subject.of(found, suites.load(mart)))], default=str), "utf-8")
        expectations.main(asked, answered)
        results = json.loads(answered.read_text("utf-8"))[found.id]
        blocked = [f"{r['where']}: {r['says_en']}" for r in results if r["outcome"] == "blocked"]
        if blocked:
            failed.write_text(f"check {blocked[0]}", "utf-8")
        return min(len(blocked), 1)


def _mart(path: str) -> str:
    """The mart of a model's file: by its folder, but for the sources of the shared dimensions."""
    place = Path(path).parts
    return "core" if place[1] == "core" or place[1:3] in (("staging", "group"), ("staging", "geo")) else place[2]


def _folders(mart: str) -> list[str]:
    if mart == "core":
        return ["models/core", "models/staging/group", "models/staging/geo"]
    return [f"models/marts/{mart}", *([] if mart == "group" else [f"models/staging/{mart}"])]
