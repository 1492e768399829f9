"""Every example that a command's help gives runs as it stands, on a published group: in a copy, for some change it."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click
import pytest
import typer
from pymongo import MongoClient

from lake.cli import app
from lake.settings import PROJECT
from lake.store import open_store
from tests.group import Group, copied

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

#: Commands that stay up: they are started, and stopped once they say so.
SERVING = ("lake portal", "lake demo")

#: What of the checkout a command reads, or writes to.
PARTS = (
    ".streamlit",
    "lake",
    "apps",
    "models",
    "expectations",
    "tests/data",
    "dbt_project.yml",
    "profiles.yml",
    "pyproject.toml",
)


def examples(command: click.Command, path: str = "lake") -> Iterator[tuple[str, str]]:
    """Each command, and each of its examples."""
    for line in (command.epilog or "").splitlines():
        if line.strip().startswith("lake"):
            yield path, line.strip()
    for name, child in getattr(command, "commands", {}).items():
        yield from examples(child, f"{path} {name}")


#: A rollback holds until something newer passes, and what came before it is compared with nothing: it comes last.
EXAMPLES = sorted(
    dict.fromkeys(example for _, example in examples(typer.main.get_command(app))),
    key=lambda example: example.startswith("lake rollback"),
)


class Copy:
    """A checkout and a lake of one's own, filled like the group's."""

    def __init__(self, home: Path, group: Group, uri: str, database: str) -> None:
        self.home = home / "checkout"
        for part in PARTS:
            (self.home / part).parent.mkdir(parents=True, exist_ok=True)
            whole = PROJECT / part
            shutil.copytree(whole, self.home / part) if whole.is_dir() else shutil.copyfile(whole, self.home / part)
        copied(group.data, home / "lake", "mongo", "sample", function=shutil.copy2)
        with open_store() as store, MongoClient[dict[str, Any]](uri) as client:
            for name in store._db.list_collection_names():
                documents = list(store._db[name].find())
                if documents and name != "_leases":
                    client[database][name].insert_many(documents)
            self.quarantined = store.quarantine.list()[0].id
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.environment = {
            **os.environ,
            "LAKE_DATA": str(home / "lake"),
            "LAKE_MONGO_URI": uri,
            "LAKE_MONGO_DATABASE": database,
            "LAKE_PORTAL_PORT": str(self.port),
            "PYTHONPATH": str(self.home),
            "COLUMNS": "160",
        }

    def start(self, example: str) -> subprocess.Popen[str]:
        """What a help can't know of one's lake is put in: the number of a row in quarantine, a port that is free."""
        known = example.replace(" 17:1", f" {self.quarantined}").replace(" 8501", f" {self.port}")
        command, _, file = known.partition(" > ")
        with (self.home / file).open("w") if file else nullcontext(subprocess.PIPE) as output:
            return subprocess.Popen(
                [sys.executable, "-c", "from lake.cli import main; main()", *shlex.split(command)[1:]],
                cwd=self.home,
                env=self.environment,
                stdout=output,
                stderr=subprocess.PIPE,
                text=True,
            )

    def answers(self) -> bool:
        with socket.socket() as asked:
            return asked.connect_ex(("127.0.0.1", self.port)) == 0


def _renamed_column(group: Group, folder: Path) -> Path:
    """A file of fittings that says otherwise how the column of renewals is named: `lake columns` asks about it."""
    known, other = b"Renouvellement", b"Renouv."
    files = sorted((group.files / "audio").glob("*_audio_appareillages_*.csv"))
    file = next(file for file in reversed(files) if known in file.read_bytes())
    (folder / file.name).write_bytes(file.read_bytes().replace(known, other, 1))
    return folder / file.name


@pytest.fixture
def copy(in_group: Group, mongod: str, tmp_path: Path) -> Iterator[Copy]:
    database = f"examples_{uuid.uuid4().hex[:16]}"
    made = Copy(tmp_path, in_group, mongod, database)
    made.start(f"lake land {shlex.quote(str(_renamed_column(in_group, tmp_path)))}").communicate()
    yield made
    with MongoClient[dict[str, Any]](mongod) as client:
        client.drop_database(database)


def served(copy: Copy, process: subprocess.Popen[str], seconds: float = 1800) -> None:
    """Wait until it answers, then stop it as Ctrl-C does."""
    deadline = time.monotonic() + seconds
    while process.poll() is None and not copy.answers() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)


def test_every_example_runs(copy: Copy) -> None:
    failed = {}
    for example in EXAMPLES:
        started = time.monotonic()
        process = copy.start(example)
        if example.startswith(SERVING):
            served(copy, process)
        said, complained = process.communicate()
        print(f"{example}: {time.monotonic() - started:.1f} s")
        if process.returncode or "Traceback" in complained:
            failed[example] = f"exit {process.returncode}: {(said or '')[-500:]}{complained[-1500:]}"
        assert not copy.answers(), f"{example} left a server behind"
    assert not failed, "\n".join(f"{example}\n{why}" for example, why in failed.items())
