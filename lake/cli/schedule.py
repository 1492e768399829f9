"""`lake schedule`."""

from __future__ import annotations

from typing import Annotated

import typer

from lake.cli import example


def register(app: typer.Typer) -> None:
    app.command(epilog=example("lake schedule --show"))(schedule)


def schedule(
    show: Annotated[bool, typer.Option("--show", help="Only show when each line runs next.")] = False,
) -> None:
    """Stay up and run each line on its own cron line (LAKE_SCHEDULE), in Europe/Paris; missed runs are caught up once.

    Stops on SIGTERM or Ctrl-C. A line that fails does not stop the others.
    """
    import logging
    from datetime import UTC, datetime

    from lake import schedule as room
    from lake.settings import settings
    from lake.store import open_store

    found = room.load(settings().schedule)
    now = datetime.now(UTC)
    last = room.Memory(settings().runs / "schedule.json").read()
    for line, at in sorted(room.due(found, last, now).items(), key=lambda item: item[1]):
        late = "  (missed: runs at once)" if at < now else ""
        print(f"{line:9} {found.lines[line]:15} next {at:%a %d %b %Y %H:%M} {at.tzname()}{late}", flush=True)
    if show:
        return
    logging.getLogger("lake").setLevel(logging.INFO)  # it has no other screen than its log
    with open_store():  # the embedded server stays up from one run to the next
        room.serve(found)
