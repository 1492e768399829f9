"""Trials of mutants in one copy of the tree: a process that has imported what others wrote, and forks for each trial.

Started by `trial.Worker` in the copy; reads one trial a line from standard input, answers in one line. A child forgets
the module that has the mutant, and every module that imports it, and imports them as the mutant left them.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import importlib
import json
import os
import resource
import shutil
import signal
import sys
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import hypothesis  # noqa: F401
import pandas  # noqa: F401
import pytest

from .models import Models

#: Plugins of pytest that were imported before it.
_READ_ALREADY = "-Wignore::pytest.PytestAssertRewriteWarning"


#: By the clock a piece of work may take so much longer than it may take of a processor.
_LONGEST_FACTOR = 20


class Lake:
    """The modules of the lake, imported once, and which of them imports which."""

    def __init__(self) -> None:
        names = (str(path.with_suffix("")).replace("/", ".") for path in Path("lake").rglob("*.py"))
        for name in sorted(n.removesuffix(".__init__") for n in names):
            if not name.endswith(("__main__", ".keeper")):  # these do something as they are imported
                importlib.import_module(name)
        self._importers: dict[str, set[str]] = defaultdict(set)
        for name, module in list(sys.modules.items()):
            if name.startswith("lake.") and module.__file__:
                for imported in _imported(name, Path(module.__file__)):
                    self._importers[imported].add(name)

    def forget(self, module: str) -> None:
        """Drop a module, and all that imports it, so that it is read again."""
        stale, waiting = set(), [module]
        while waiting:
            if (name := waiting.pop()) not in stale:
                stale.add(name)
                waiting += self._importers[name]
        for name in stale:
            sys.modules.pop(name, None)
            package, _, own = name.rpartition(".")
            if package in sys.modules:
                vars(sys.modules[package]).pop(own, None)


def _imported(name: str, file: Path) -> Iterator[str]:
    """The modules that one imports, anywhere in it: of `from lake import builds`, both `lake` and `lake.builds`."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
    yield name.rpartition(".")[0]  # a package is read before what is in it


def _pytest(tests: list[str], folder: Path, *more: str) -> int:
    """The exit code of pytest in this process."""
    arguments = ["-q", _READ_ALREADY, "--basetemp", str(folder / "tests")]
    arguments += ["-p", "no:cacheprovider", "-p", "no:xdist", "-p", "tests.mutation.plugin", "-o", "timeout=0"]
    os.environ["MUTATION_FOLDER"] = str(folder)
    return int(pytest.main([*arguments, *more, *tests]))


def _forked(work: Callable[[], int], seconds: float, log: Path) -> tuple[int, float]:
    """The exit code of a piece of work in a child, and how long it took.

    `seconds` are of a processor: what waits for others on a busy machine does not run for ever. What is negative ended
    by a signal, as what took too long does.
    """
    started, longest = time.monotonic(), seconds * _LONGEST_FACTOR
    child = os.fork()
    if not child:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 5))
        sys.dont_write_bytecode = True
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        with log.open("ab") as file:
            for descriptor in (1, 2):
                os.dup2(file.fileno(), descriptor)
        code = 3
        try:
            code = work()
        except SystemExit:  # what runs at the end of a process is wanted
            raise
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        os._exit(code)
    while time.monotonic() - started < longest:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)  # what the tests left behind
            return os.waitstatus_to_exitcode(status), time.monotonic() - started
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -int(signal.SIGKILL), longest


def trial(asked: dict[str, Any], folder: Path, lake: Lake) -> dict[str, Any]:
    """Run the tests of one mutant, which is in the tree already. `by` is the test that failed first."""
    failed, log = folder / "failed", folder / "log"
    for path in (failed, log):
        path.unlink(missing_ok=True)

    def work() -> int:
        lake.forget(asked["module"])
        return _pytest(asked["tests"], folder, "-x")

    code, seconds = _forked(work, asked["seconds"], log)
    by = failed.read_text("utf-8") if failed.exists() else ""
    return {"outcome": _outcome(code), "by": by or f"pytest ended with {code}", "seconds": seconds}


def measure(asked: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Run one file of tests without a fault, and keep which test ran which line and how long it took."""
    place = Path(asked["place"])
    shutil.rmtree(place, ignore_errors=True)
    started = place.with_suffix(".started")
    shutil.rmtree(started, ignore_errors=True)
    started.mkdir(parents=True)
    (started / "config").write_text("[run]\ndisable_warnings = module-not-measured, no-data-collected\n", "utf-8")

    def work() -> int:
        os.environ["COVERAGE_FILE"] = str(started / "coverage")
        cover = ["--cov=lake", "--cov-context=test", "--cov-report=", f"--cov-config={started / 'config'}"]
        return _pytest([asked["measure"]], folder, *cover)

    code, seconds = _forked(work, asked["seconds"], started / "log")
    if code in (0, 1):  # tests that fail without a fault say nothing about mutants: they are left out
        shutil.copy(folder / "seconds.json", started / "seconds.json")
        started.rename(place)
    return {
        "outcome": "measured" if code in (0, 1) else "failed",
        "by": f"pytest ended with {code}",
        "seconds": seconds,
    }


def model_trial(asked: dict[str, Any], folder: Path, models: Models) -> dict[str, Any]:
    """Step by step, until one fails. `by` is what failed."""
    failed, log = folder / "failed", folder / "log"
    log.unlink(missing_ok=True)
    total = 0.0
    for work, seconds in models.steps(asked["model"], lambda tests: _pytest(tests, folder, "-x")):
        failed.unlink(missing_ok=True)
        code, took = _forked(partial(work, failed), seconds, log)
        total += took
        if code:
            by = failed.read_text("utf-8") if failed.exists() else f"a step ended with {code}"
            return {"outcome": _outcome(code), "by": by, "seconds": total}
    return {"outcome": "survived", "by": "", "seconds": total}


def _outcome(code: int) -> str:
    """What the exit code of pytest says of a mutant."""
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return "timeout"
    return {0: "survived", 5: "untested"}.get(code, "killed")


def _lines() -> Iterator[dict[str, Any]]:
    for line in sys.stdin:
        yield json.loads(line)


def main(folder: Path) -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    lake = Lake()
    gc.collect()
    gc.freeze()  # children that collect garbage would copy every page
    print(json.dumps({"outcome": "ready"}), file=answers)
    models = None
    for asked in _lines():
        if "read" in asked:  # before a mutant is in the tree
            models = models or Models(folder, Path(os.environ["LAKE_TEST_GROUPS"]))
            answer = {"outcome": "ready"}
        elif "measure" in asked:
            answer = measure(asked, folder)
        elif models and "model" in asked:
            answer = model_trial(asked, folder, models)
        else:
            answer = trial(asked, folder, lake)
        print(json.dumps(answer), file=answers)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
