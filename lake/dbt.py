"""dbt, in processes of its own.

Reading the project (models, tests, metrics) is most of dbt's time: a `Session` reads it once, in a child process, and
that child forks for each command. dbt keeps a DuckDB file locked for as long as its process lives, so none of it runs
in our process. The children die with the process that started them.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Called for each node that ended: its name, how many ended, how many there are.
Report = Callable[[str, int, int], None]

_PR_SET_PDEATHSIG = 1
_LONGEST_COMMAND_BYTES = 65_536
_QUIET = ["--log-format", "json", "--log-level-file", "none", "--no-use-colors", "--no-version-check"]


@dataclass(frozen=True)
class Result:
    """How dbt ended: `failures` is empty if every node passed; each says the node and dbt's message."""

    failures: tuple[str, ...]
    nodes: int


class Session:
    """dbt with a project read once. Commands may run at the same time, from several threads."""

    def __init__(self, project: Path, target: Path, environment: Mapping[str, str]) -> None:
        """
        Args:
            project: folder of dbt_project.yml and profiles.yml.
            target: dbt's folder; keeps the partial-parsing cache from one session to the next, and the manifest.
            environment: added to this process's while the project is read. If it changes, the cache is lost.
        """
        self.target = target
        self.is_stopped = False
        self._project = project
        self._environment = dict(environment)
        self._lock = threading.Lock()
        # The kernel ends the child with the thread that started it, not with the process: this one lives as long as we.
        self._starter = ThreadPoolExecutor(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        if self._control:
            self._control.close()  # the child ends when it has no one to ask it for more
        if self._process:
            self._process.wait()
        self._starter.shutdown()

    def start(self) -> None:
        """Begin to read the project, where that has not been done; does not wait for it."""
        with self._lock:
            if self._control is None:
                self._control = self._starter.submit(self._start).result()

    def run(
        self,
        arguments: list[str],
        *,
        target: Path,
        log: Path,
        environment: Mapping[str, str] | None = None,
        report: Report = lambda node, done, total: None,
        inherit: int | None = None,
    ) -> Result:
        """Run one dbt command to its end; with no arguments the project is only read.

        Args:
            arguments: of dbt, the command first.
            target: folder of this command's own output.
            log: file that gets dbt's messages in plain text.
            environment: added to the session's.
            report: called as nodes end.
            inherit: a file descriptor (a lock) that stays open for as long as the command runs.
        """
        results = target / "run_results.json"
        results.unlink(missing_ok=True)
        events, write_end = os.pipe()
        command = {"arguments": arguments, "target": str(target), "environment": dict(environment or {})}
        try:
            self._send(command, [write_end] if inherit is None else [write_end, inherit])
        finally:
            os.close(write_end)
        with os.fdopen(events, encoding="utf-8", errors="replace") as lines, log.open("w", encoding="utf-8") as text:
            errors = list(_follow(lines, text.write, report))
        ended = json.loads(results.read_text("utf-8"))["results"] if results.exists() else []
        failures = [_failure(r) for r in ended if r["status"] in ("error", "fail", "runtime error")]
        return Result(tuple(failures or errors[-3:]), len(ended))

    def stop(self) -> None:
        """End what runs: each `run` says that it failed."""
        self.is_stopped = True
        if self._process:
            self._process.kill()

    def _send(self, command: Mapping[str, Any], descriptors: list[int]) -> None:
        self.start()
        assert self._control
        with self._lock, contextlib.suppress(BrokenPipeError):  # the child is gone: nothing will come through the pipe
            socket.send_fds(self._control, [json.dumps(command).encode()], descriptors)

    def _start(self) -> socket.socket:
        self.target.mkdir(parents=True, exist_ok=True)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "lake.dbt", str(theirs.fileno()), str(self._project), str(self.target)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=self._project,
                env={**os.environ, **self._environment, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
                pass_fds=(theirs.fileno(),),
            )
        return ours


def _follow(lines: Iterator[str], write: Callable[[str], Any], report: Report) -> Iterator[str]:
    """Pass the events of one command on; yields the messages of errors, and one if it did not come to its end."""
    is_over = False
    for line in lines:
        try:
            event = json.loads(line)
            info, data = event["info"], event.get("data", {})
        except (ValueError, KeyError, TypeError):
            write(line)
            continue
        if info["name"] == "LakeEnd":
            is_over = True
            if info["level"] != "error":
                continue
        write(f"{info['ts']} {info['level']:5} {info['msg']}\n")
        if info["level"] == "error":
            yield " ".join(info["msg"].split())
        total = data.get("total") or data.get("num_models")
        if total and data.get("status"):  # events that start a node have no status, and are reported for none
            report(data.get("node_info", {}).get("node_name", ""), int(data["index"]), int(total))
    if not is_over:
        yield "dbt's process was ended before it was done"


def _failure(result: dict[str, Any]) -> str:
    name = result["unique_id"].split(".", 2)[-1]
    return f"{name}: {' '.join((result['message'] or result['status']).split())}"


def die_with_parent() -> None:
    """Have the kernel end this process when the thread that started it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _main(control: socket.socket, project: Path, target: Path) -> None:
    """The child: reads the project, then forks for each command that comes."""
    die_with_parent()
    from dbt.cli.main import dbtRunner  # two seconds: only the child pays them

    where = ["--project-dir", str(project), "--profiles-dir", str(project)]
    with (target / "parse.lock").open("w") as lock:  # two sessions would write the same cache
        fcntl.flock(lock, fcntl.LOCK_EX)
        _forget_old_seeds(project, target)
        with (target / "parse.log").open("w") as log:
            os.dup2(log.fileno(), 1)
            parsed = dbtRunner().invoke(["parse", *where, "--target-path", str(target), *_QUIET])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks: their pipe says how they ended
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, _LONGEST_COMMAND_BYTES, 2)
        if not message:
            return
        if not os.fork():
            die_with_parent()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(descriptors[0], 1)
            os.dup2(descriptors[0], 2)
            _execute(json.loads(message), parsed, where)
            sys.exit()  # not os._exit: DuckDB writes its last pages when its connection closes
        for descriptor in descriptors:
            os.close(descriptor)


def _forget_old_seeds(project: Path, target: Path) -> None:
    """Drop the partial-parsing cache if a seed changed since it was made.

    A unit test whose input is a seed, without rows of its own, holds the seed's rows in the cache, and dbt (1.11) does
    not read them again when only the CSV changes: the test would speak of rates that are no more.
    """
    digest = hashlib.sha256()
    for path in sorted((project / "models").rglob("*.csv")):
        digest.update(f"{path.relative_to(project)}\n".encode() + path.read_bytes())
    known = target / "seeds.sha256"
    if not known.exists() or known.read_text() != digest.hexdigest():
        (target / "partial_parse.msgpack").unlink(missing_ok=True)
        known.write_text(digest.hexdigest())


def _execute(command: dict[str, Any], parsed: Any, where: list[str]) -> None:
    """One command, in its own process, which writes dbt's events and at last how it ended to its pipe."""
    from dbt.cli.main import dbtRunner

    os.environ.update(command["environment"])
    outcome = parsed
    if parsed.success and command["arguments"]:
        arguments = [*command["arguments"], *where, "--target-path", command["target"], *_QUIET]
        outcome = dbtRunner(manifest=parsed.result).invoke(arguments)
    error = str(outcome.exception) if outcome.exception else ""
    info = {"name": "LakeEnd", "level": "error" if error else "info", "msg": error, "ts": ""}
    os.write(1, json.dumps({"info": info}).encode() + b"\n")


if __name__ == "__main__":
    _main(socket.socket(fileno=int(sys.argv[1])), Path(sys.argv[2]), Path(sys.argv[3]))
