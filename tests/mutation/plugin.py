"""A plugin of pytest for runs of this package: what failed first, and how much of a processor each test took.

Such a run takes part in the server of MongoDB beside its folder of temporary files, as if it were one of xdist's.
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from pathlib import Path

import pytest

_seconds: dict[str, float] = {}
_unfit: set[str] = set()


@pytest.fixture(scope="session")
def worker_id() -> str:
    return "mutation"


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.failed:
        _failed(f"{report.nodeid} can't be read")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    before = _processor_seconds()
    result = yield
    _seconds[item.nodeid] = _processor_seconds() - before
    return result


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.outcome != "passed":
        _unfit.add(report.nodeid)
    if report.failed:
        _failed(report.nodeid)


def pytest_sessionfinish() -> None:
    passed = {test: round(took, 3) for test, took in _seconds.items() if test not in _unfit}
    (_folder() / "seconds.json").write_text(json.dumps(passed, indent=0), "utf-8")


def _processor_seconds() -> float:
    """Of this process and its children: what it took in a clock says more about what else runs on the machine."""
    return sum(os.times()[:4])


def _failed(what: str) -> None:
    file = _folder() / "failed"
    if not file.exists():
        file.write_text(what, "utf-8")


def _folder() -> Path:
    return Path(os.environ["MUTATION_FOLDER"])
