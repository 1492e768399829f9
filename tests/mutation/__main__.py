"""`make mutate`: put small faults into the code, one at a time, and see whether a test notices.

    python -m tests.mutation [--rooms readers land …] [--sample 620] [--seed 1] [--jobs 2] [--again] [--measure]
    python -m tests.mutation report

Everything is kept under `.mutation/`, which git ignores: run it again and it goes on where it was ended. What survived
is judged in `judged.yml`; `report` writes docs/testing.md from the results and the judgements.
"""

from __future__ import annotations

import argparse
import hashlib
import queue
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from lake.store.mongod import embedded

from . import python, report, sql
from .mutants import Mutant, difference, numbered, sample
from .nearest import Measured
from .results import Result, Results
from .rooms import ROOMS
from .tree import copied, published_groups
from .trial import Outcome, Worker

Task = TypeVar("Task")

CHECKOUT = Path(__file__).resolve().parents[2]
FOLDER = CHECKOUT / ".mutation"

#: One trial in so many is of the same tests without the mutant: it must survive, or nothing that is killed means much.
CONTROL_EVERY = 40


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("command", nargs="?", choices=["run", "report", "list"], default="run")
    parser.add_argument("--rooms", nargs="+", choices=list(ROOMS), default=list(ROOMS))
    parser.add_argument("--sample", type=int, default=640, help="how many mutants of all rooms")
    parser.add_argument("--most", type=int, default=None, help="how many of these are tried now")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=25.0, help="of tests for one mutant")
    parser.add_argument("--again", action="store_true", help="try what survived, and only that, once more")
    options = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    results = Results(FOLDER / "results.jsonl")
    chosen = sample(_mutants(), options.sample, options.seed)
    if options.command == "report":
        report.write(CHECKOUT, chosen, results, options.seed)
        return
    chosen = [one for one in chosen if one.room in options.rooms]
    known = {one.key: results.of(one) for one in chosen}
    todo = [one for one in chosen if known[one.key] is None]
    if options.again:
        todo = [one for one in chosen if (found := known[one.key]) and not found.is_noticed]
    if options.command == "list":
        for one in todo:
            print(one.key, f"{one.path}:{one.line}", one.operator, one.code, sep="  ")
        return
    _try(_mixed(todo)[: options.most], results, options)
    report.write(CHECKOUT, sample(_mutants(), options.sample, options.seed), results, options.seed)


def _mutants() -> list[Mutant]:
    """Every mutant of every room."""
    found: list[Mutant] = []
    for name, room in ROOMS.items():
        for path in room.files(CHECKOUT):
            maker = sql if path.endswith(".sql") else python
            found += maker.mutants(name, path, (CHECKOUT / path).read_text("utf-8"))
    return numbered(found)


def _mixed(mutants: Iterable[Mutant]) -> list[Mutant]:
    """In an order by chance: what is ended early has tried something of each room."""
    return sorted(mutants, key=lambda m: hashlib.sha256(m.key.encode()).digest())


def _try(todo: Sequence[Mutant], results: Results, options: argparse.Namespace) -> None:
    """Room by room: what its tests run is measured where that is not known, then its mutants are tried."""
    trees = [FOLDER / "trees" / str(nth) for nth in range(options.jobs)]
    for tree in trees:
        copied(CHECKOUT, tree)
    groups = FOLDER / "groups"
    groups.mkdir(exist_ok=True)
    if any(one.room == "models" for one in todo):
        published_groups(trees[0], groups)
    measured = Measured(FOLDER / "measured", trees[0])
    with ExitStack() as stack:
        workers = [stack.enter_context(_worker(FOLDER / f"run-{n}", tree, groups)) for n, tree in enumerate(trees)]
        for name, room in ROOMS.items():
            mine = [one for one in todo if one.room == name]
            if mine and name != "models":
                files = [file for file in measured.files(room) if not measured.place(file).exists()]
                _share(workers, files, lambda worker, file: _measure(worker, file, measured))
                measured.read(room)
            _share(workers, mine, lambda worker, one: _one(worker, one, measured, results, options.seconds))


@contextmanager
def _worker(folder: Path, tree: Path, groups: Path) -> Iterator[Worker]:
    folder.mkdir(exist_ok=True)
    with embedded(folder / "mongo"):
        worker = Worker(folder, tree, groups)
        try:
            yield worker
        finally:
            worker.close()


def _share(workers: Sequence[Worker], tasks: Iterable[Task], work: Callable[[Worker, Task], None]) -> None:
    """Each worker takes the next task as it is free."""
    waiting: queue.SimpleQueue[Task] = queue.SimpleQueue()
    for task in tasks:
        waiting.put(task)

    def until_done(worker: Worker) -> None:
        with suppress(queue.Empty):
            while True:
                work(worker, waiting.get_nowait())

    with ThreadPoolExecutor(len(workers)) as pool:
        list(pool.map(until_done, workers))


def _measure(worker: Worker, file: str, measured: Measured) -> None:
    outcome = worker.measure(file, measured.place(file))
    print(f"{outcome.outcome:9} {outcome.seconds:6.1f} s  {file}", flush=True)
    if outcome.outcome != "measured":
        raise RuntimeError(f"{file} can't be measured: {outcome.by}")


def _one(worker: Worker, one: Mutant, measured: Measured, results: Results, seconds: float) -> None:
    outcome = _trial(worker, one, measured, seconds)
    if int(one.key, 16) % CONTROL_EVERY == 0 and outcome.outcome == "killed":
        control = _trial(worker, one, measured, seconds, is_control=True)
        if control.outcome not in ("survived", "timeout"):
            raise RuntimeError(f"The tests of {one.path}:{one.line} fail without a mutant: {control.by}")
    before, after = difference((CHECKOUT / one.path).read_text("utf-8"), one.mutated())
    results.add(Result.of(one, outcome, before, after))
    print(f"{outcome.outcome:9} {outcome.seconds:6.1f} s  {one.path}:{one.line}  {outcome.by}", flush=True)


def _trial(worker: Worker, one: Mutant, measured: Measured, seconds: float, *, is_control: bool = False) -> Outcome:
    if one.path.endswith(".sql"):
        return worker.model(one, is_control=is_control)
    nearest = measured.nearest(ROOMS[one.room], one.path, one.line, seconds)
    return worker.python(one, nearest, is_control=is_control)


if __name__ == "__main__":
    main()
