"""Every command, setting and error is documented; every help ends in an example of that very command."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer

from lake import errors
from lake.cli import app
from lake.settings import PROJECT, Settings

README = (PROJECT / "README.md").read_text("utf-8")
REFERENCE = (PROJECT / "docs" / "reference.md").read_text("utf-8")


def commands(command: click.Command, path: str = "lake") -> Iterator[tuple[str, click.Command]]:
    children = getattr(command, "commands", {})
    if not children or getattr(command, "invoke_without_command", False):
        yield path, command
    for name, child in children.items():
        yield from commands(child, f"{path} {name}")


COMMANDS = dict(commands(typer.main.get_command(app)))
ERRORS = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, errors.LakeError)]


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_is_in_the_readme(path: str) -> None:
    assert re.search(rf"`{path}[ `]|^{path}\b", README, re.MULTILINE), f"{path} is not in README.md"


@pytest.mark.parametrize("path", COMMANDS)
def test_every_help_ends_in_an_example_of_the_command(path: str) -> None:
    epilog = COMMANDS[path].epilog or ""
    last = epilog.strip().splitlines()[-1].strip() if epilog else ""
    assert last.startswith(path), f"the help of {path} ends in {last!r}"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented(name: str) -> None:
    assert f"`LAKE_{name.upper()}`" in REFERENCE


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: e.__name__)
def test_every_error_is_documented_with_its_exit_code(error: type[errors.LakeError]) -> None:
    row = re.search(rf"^\| `{error.__name__}` \| (\d+) \|", REFERENCE, re.MULTILINE)
    assert row, f"{error.__name__} is not in docs/reference.md"
    assert int(row.group(1)) == error.exit_code


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: e.__name__)
def test_every_error_is_in_the_tree_at_the_top_of_its_file(error: type[errors.LakeError]) -> None:
    assert error.__name__ in (errors.__doc__ or "")


def test_no_document_names_a_file_that_is_not_there() -> None:
    missing = []
    for document in [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))]:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text("utf-8")):
            if not (document.parent / Path(target)).exists():
                missing.append(f"{document.relative_to(PROJECT)} → {target}")
    assert not missing
