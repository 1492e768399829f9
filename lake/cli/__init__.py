"""The `lake` command: one module a room, in the order of the data's way.

How to add a command: write `lake/cli/<room>.py` with `register(app)`, whose functions import what they need when they
run (`lake --help` must stay instant) and whose help ends in an example that runs (`epilog=example("lake …")`), then
name the room in `ROOMS`.

An error of `lake.errors` is shown as one line on stderr, what happened and what to do, and gives its exit code;
`lake --debug …` shows the trace instead. Logging is set up here and nowhere else.
"""

from __future__ import annotations

import errno
import logging
import os
import sys
from importlib import import_module, metadata

import typer

from lake.errors import LakeError

#: Modules of this package that register commands, in the order in which `lake --help` lists them.
ROOMS = (
    "sample",
    "contracts",
    "land",
    "quarantine",
    "columns",
    "mirror",
    "build",
    "checks",
    "publish",
    "run",
    "schedule",
    "query",
    "parameters",
    "restatement",
    "export",
    "status",
    "doctor",
    "portal",
    "prototype",
)

_FULL = "Make room on that disk, or set LAKE_DATA to a folder of another."
_CLOSED = "Give this user the right to it; the lake's own folder is set by LAKE_DATA."

#: What to do about what the system refuses, by its number.
_REMEDIES = {
    errno.EACCES: _CLOSED,
    errno.EPERM: _CLOSED,
    errno.EROFS: _CLOSED,
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
}

#: What DuckDB says of a file that is not what it wrote.
_DAMAGED = {("_duckdb", f"{kind}Exception") for kind in ("IO", "Serialization", "Internal", "Fatal")}
_DAMAGED.add(("_duckdb", "Error"))

_state = {"debug": False}


def example(*commands: str) -> str:
    """The epilog of a command's help: examples that run as they stand."""
    return "Example:\n\n" + "\n\n".join(f"    {command}" for command in commands)


def count_of(n: int, noun: str) -> str:
    """`1 row`, `2,000 rows`."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


app = typer.Typer(
    name="lake",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="From source files to published indicators: land, mirror, build, check, publish, query.",
    epilog=example("lake status"),
)


@app.callback()
def _options(
    debug: bool = typer.Option(False, "--debug", help="Show the whole trace of an error, and every log event."),
    version: bool = typer.Option(
        False, "--version", help="Show the version.", is_eager=True, callback=lambda on: _version(on)
    ),
) -> None:
    _state["debug"] = debug
    configure_logging(debug=debug)


def configure_logging(*, debug: bool = False) -> None:
    """Send the lake's events (`land.done source=… landed=…`) to stderr.

    On a terminal only warnings, since commands show their own tables; elsewhere (cron, systemd) every event; with
    `debug` all there is. Other libraries stay at their warnings.
    """
    level = logging.DEBUG if debug else logging.WARNING if sys.stderr.isatty() else logging.INFO
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("lake").setLevel(level)


def main() -> None:
    """Entry point: runs the command; turns an error into one line and its exit code.

    What it writes, and what its children write, only its owner can read: these are health data.
    """
    os.umask(0o077)
    try:
        app()
    except LakeError as error:
        if _state["debug"]:
            raise
        print(f"lake: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:  # A disk that is full, a folder that may not be entered: nothing of ours went wrong.
        if _state["debug"]:
            raise
        named = f"'{error.filename}': " if error.filename else ""
        remedy = _REMEDIES.get(error.errno or 0, "'lake doctor' looks at the set-up.")
        print(f"lake: The system refused: {named}{error.strerror or error}. {remedy}", file=sys.stderr)
        sys.exit(LakeError.exit_code)
    except Exception as error:
        # DuckDB takes a while to import: told by name. Its words can quote a row: `--debug` shows them.
        if _state["debug"] or (type(error).__module__, type(error).__name__) not in _DAMAGED:
            raise
        what = f"A file of the lake can't be read ({type(error).__name__})"
        print(f"lake: {what}: it is damaged. 'lake doctor' says which, and what to do.", file=sys.stderr)
        sys.exit(LakeError.exit_code)


def _version(asked: bool) -> None:
    if asked:
        print(f"lake {metadata.version('lake')}")
        raise typer.Exit


for _room in ROOMS:
    import_module(f"lake.cli.{_room}").register(app)
