"""`lake contracts list|show|check|sources`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lake.cli import example


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        no_args_is_help=True, help="What each source's files must look like.", epilog=example("lake contracts list")
    )
    group.command("list", epilog=example("lake contracts list"))(list_sources)
    group.command("show", epilog=example("lake contracts show audio_fittings"))(show)
    group.command("check", epilog=example("lake contracts check lake/contracts/audio/fittings.yaml"))(check)
    group.command("sources", epilog=example("lake contracts sources"))(write_sources)
    app.add_typer(group, name="contracts")


def write_sources() -> None:
    """Tell dbt what the contracts say: writes models/staging/<line>/_<line>__sources.yml where it is not current."""
    from lake import contracts, sources

    written = sources.write()
    print("\n".join(str(path) for path in written) or "All are current.")
    contracts.require()


def list_sources() -> None:
    """List the sources: version, format, names of their files, and what one record is."""
    from rich.console import Console
    from rich.table import Table

    from lake.contracts import catalogue, require

    table = Table(show_edge=False, pad_edge=False)
    for title in ("source", "version", "format", "one record is"):
        table.add_column(title, overflow="fold")
    for c in catalogue().values():
        table.add_row(c.name, c.version, c.reading.format, c.grain)
    Console().print(table)
    require()


def show(source: Annotated[str, typer.Argument(help="As 'lake contracts list' names it.")]) -> None:
    """Show one contract: how its files look, and every field with its rules."""
    from rich.console import Console
    from rich.table import Table

    from lake.contracts import Field, contract

    c = contract(source)
    reading = c.reading
    print(f"{c.name} {c.version}: {c.purpose}")
    print(f"One record: {c.grain}")
    print(f"Files: {reading.format}, named {' or '.join(reading.files)}")
    print(f"Encodings {', '.join(reading.encodings)}; separators {' '.join(map(repr, reading.separators))}")
    print(f"Versions by {c.version_order}; deleted by {c.deletion_field} = {c.deletion_value}\n")
    table = Table(show_edge=False, pad_edge=False)
    for title in ("field", "header", "type", "rules", "meaning"):
        table.add_column(title, overflow="fold")

    def rules(field: Field) -> str:
        said = [
            f"key {field.key_position}" if field.key_position else "",
            "required" if field.required else "",
            {"pseudonym": "stored as pseudonym", "drop": "never stored", "keep": "personal", None: ""}[field.personal],
            f"one of {', '.join(map(str, field.allowed))}" if field.allowed else "",
            f"at least {field.minimum}" if field.minimum is not None else "",
            f"at most {field.maximum}" if field.maximum is not None else "",
            f"like {field.pattern}" if field.pattern else "",
            f"whatever its {', '.join(field.equal)}" if field.equal else "",
            field.form if field.form == "first of month" else "",
            "rounded" if field.rounding else "",
            "from the file's name" if field.from_file else "",
        ]
        return "; ".join(filter(None, said))

    for field in c.fields:
        kind = f"decimal(18,{field.scale})" if field.kind == "decimal" else field.kind
        unit = f" [{field.unit}]" if field.unit else ""
        table.add_row(field.name, field.header, kind + unit, rules(field), field.description)
    Console().print(table)


def check(
    paths: Annotated[list[Path] | None, typer.Argument(help="Contract files; all of the package unless given.")] = None,
) -> None:
    """Check that contracts are valid ODCS v3 documents that landing can be driven by."""
    from lake import readers
    from lake.contracts import FOLDER, load
    from lake.errors import ContractError

    wrong = []
    for path in paths or sorted(FOLDER.glob("*/*.yaml")):
        try:
            loaded = load(path)
            readers.reader(loaded.reading.format, loaded)
            print(f"{loaded.name} {loaded.version}: valid, {len(loaded.fields)} fields")
        except ContractError as error:
            wrong.append(error)
    for one in wrong[:-1]:
        typer.echo(f"lake: {one}", err=True)
    if wrong:
        raise wrong[-1]
