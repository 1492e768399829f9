"""dbt, in a process of its own.

`run()` starts `python -m lake.dbt …`, follows its events and says which nodes failed. dbt keeps a DuckDB file locked
for as long as its process lives, so it never runs in ours; the child dies with the process that started it.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Called for each node that ended: its name, how many ended, how many there are.
Report = Callable[[str, int, int], None]

_PR_SET_PDEATHSIG = 1

_running: set[subprocess.Popen[str]] = set()


@dataclass(frozen=True)
class Result:
    """How dbt ended: `failures` is empty if every node passed; each says the node and dbt's message."""

    failures: tuple[str, ...]
    nodes: int


def run(
    arguments: list[str],
    *,
    project: Path,
    target: Path,
    log: Path,
    environment: Mapping[str, str],
    report: Report,
    inherit: tuple[int, ...] = (),
) -> Result:
    """Run one dbt command to its end.

    Args:
        arguments: of dbt, the command first.
        project: folder of dbt_project.yml and profiles.yml.
        target: dbt's target folder; it keeps the partial-parsing cache from one run to the next.
        log: file that gets dbt's messages in plain text.
        environment: added to this process's.
        report: called as nodes end.
        inherit: file descriptors (locks) that live as long as the child does.
    """
    results = target / "run_results.json"
    results.unlink(missing_ok=True)
    where = ["--project-dir", str(project), "--profiles-dir", str(project), "--target-path", str(target)]
    quiet = ["--log-format", "json", "--log-level-file", "none", "--no-use-colors", "--no-version-check"]
    with subprocess.Popen(
        [sys.executable, "-m", "lake.dbt", *arguments, *where, *quiet],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        cwd=project,
        env={**os.environ, **environment, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        pass_fds=inherit,
    ) as process:
        _running.add(process)
        try:
            with log.open("w", encoding="utf-8") as text:
                errors = list(_follow(process, text.write, report))
            code = process.wait()
        except BaseException:
            process.kill()
            raise
        finally:
            _running.discard(process)
    ended = json.loads(results.read_text("utf-8"))["results"] if results.exists() else []
    failures = tuple(_failure(r) for r in ended if r["status"] in ("error", "fail", "runtime error"))
    if code != 0 and not failures:
        failures = tuple(errors[-3:]) or (f"dbt ended with code {code}",)
    return Result(failures, len(ended))


def stop() -> None:
    """End the dbt processes that other threads wait for: their `run` says that they failed."""
    for process in list(_running):
        process.kill()


def _follow(process: subprocess.Popen[str], write: Callable[[str], Any], report: Report) -> Iterator[str]:
    """Pass dbt's events on; yields the messages of errors."""
    assert process.stdout is not None
    for line in process.stdout:
        try:
            event = json.loads(line)
            info, data = event["info"], event.get("data", {})
        except (ValueError, KeyError, TypeError):
            write(line)
            continue
        write(f"{info['ts']} {info['level']:5} {info['msg']}\n")
        if info["level"] == "error":
            yield " ".join(info["msg"].split())
        total = data.get("total") or data.get("num_models")
        if total and data.get("status"):  # events that start a node have no status, and are reported for none
            report(data.get("node_info", {}).get("node_name", ""), int(data["index"]), int(total))


def _failure(result: dict[str, Any]) -> str:
    name = result["unique_id"].split(".", 2)[-1]
    return f"{name}: {' '.join((result['message'] or result['status']).split())}"


def _main() -> None:
    """The child: dbt's own command line, killed when its parent is."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    from dbt.cli.main import cli  # two seconds: only the child pays them

    cli()


if __name__ == "__main__":
    _main()
