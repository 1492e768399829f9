"""`lake portal` serves the screens; `lake demo` does everything once on sample data and then serves them."""

from __future__ import annotations

from typing import Annotated

import typer

from lake.cli import example


def register(app: typer.Typer) -> None:
    app.command(epilog=example("lake portal --port 8501"))(portal)
    app.command(epilog=example("lake demo --records 20000"))(demo)


def portal(
    port: Annotated[
        int | None, typer.Option(help="Port on the loopback address.", min=1, max=65535, show_default=False)
    ] = None,
) -> None:
    """Serve the portal on this machine's loopback address, until Ctrl-C."""
    from lake.portal import serve
    from lake.store import open_store

    with open_store():
        raise typer.Exit(serve(port))


def demo(
    records: Annotated[
        int, typer.Option(min=1000, max=1_000_000_000, help="About how many records the sample has.")
    ] = 1_000_000,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Another seed is another group.")] = 1,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the portal at the end.")] = True,
) -> None:
    """Sample group → lake → marts → checks → portal, on this machine. Run again, it adds nothing twice."""
    from rich.console import Console

    from lake import demo as steps
    from lake.portal import serve as serve_portal
    from lake.store import open_store

    with open_store() as store:
        outcome = steps.run(store, Console(), records=records, seed=seed)
        if not serve:
            raise typer.Exit(outcome.exit_code)
        raise typer.Exit(serve_portal(None))
