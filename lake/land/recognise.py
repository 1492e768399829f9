"""Which source a delivered file is of: by its name, else by its header."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath

from lake import readers
from lake.contracts import Contract
from lake.errors import LakeError, ReadError, nearest
from lake.land.deliveries import Delivery
from lake.readers import columns

#: Endings by which a file without a known name is tried against a format.
_ENDINGS = {
    "csv": {".csv", ".txt", ".tsv"},
    "rpps": {".txt", ".csv"},
    "fec": {".txt"},
    "jsonl": {".jsonl", ".ndjson"},
    "json": {".json"},
    "geojson": {".geojson", ".json"},
    "xlsx": {".xlsx", ".xlsm", ".xls", ".ods"},
    "parquet": {".parquet"},
}


@dataclass(frozen=True)
class Recognised:
    """A file's source, and what its name says (`fromFile` fields, by the group's name)."""

    contract: Contract
    named: Mapping[str, str]


def recognise(delivery: Delivery, contracts: Mapping[str, Contract], source: str | None = None) -> Recognised:
    """The source of a file.

    Args:
        delivery: The file.
        contracts: All that may fit, by source.
        source: The one the user says it is.

    Raises:
        ReadError: no contract knows it, or its name lacks something that records need.
    """
    candidates = [contracts[source]] if source else list(contracts.values())
    by_name = [Recognised(c, named) for c in candidates if (named := from_name(c, delivery.name)) is not None]
    if len(by_name) == 1:
        return by_name[0]
    tried = [r.contract for r in by_name] or candidates
    chosen = contracts[source] if source else _by_header(delivery, tried)
    if chosen is None:
        delivery.open().close()  # What can't be had at all says so itself.
        raise ReadError(f"{delivery.shown} is of no known source.", remedy=_hint(delivery, contracts))
    said = next((r.named for r in by_name if r.contract is chosen), {})
    unnamed = [f.name for f in chosen.fields if f.from_file and f.required and f.from_file not in said]
    if unnamed:
        raise ReadError(
            f"{delivery.shown} looks like {chosen.name}, but its name does not say its {', '.join(unnamed)}.",
            remedy=f"Name it like {chosen.reading.files[0] if chosen.reading.files else chosen.name}"
            " (with `--name` where it comes from stdin).",
        )
    return Recognised(chosen, said)


def from_name(contract: Contract, name: str) -> dict[str, str] | None:
    """What a file name says by the contract's patterns; None if it fits none of them."""
    for pattern in contract.file_patterns:
        if found := pattern.search(name):
            return {key: value for key, value in found.groupdict().items() if value is not None}
    return None


def _by_header(delivery: Delivery, contracts: list[Contract]) -> Contract | None:
    """The contract all of whose required columns the file has, the one with the most columns found first."""
    ending = PurePath(delivery.name).suffix.lower()
    best: tuple[int, Contract] | None = None
    for contract in contracts:
        module = readers.reader(contract.reading.format, contract)
        if ending not in _ENDINGS.get(contract.reading.format, {ending}) or not hasattr(module, "header"):
            continue
        stream = delivery.open()
        try:
            match = columns.match(module.header(stream, contract), contract)
        except LakeError:
            continue
        finally:
            stream.close()
        if not any(f.required for f in match.missing) and (best is None or len(match.found) > best[0]):
            best = (len(match.found), contract)
    return best[1] if best else None


def _hint(delivery: Delivery, contracts: Mapping[str, Contract]) -> str:
    near = nearest(PurePath(delivery.name).stem, contracts)
    sources = f"The nearest source is {near[0]}: " if near else ""
    pattern = contracts[near[0]].reading.files if near else ()
    named = f"its files are named like {pattern[0]}. " if pattern else ""
    return f"{sources}{named}Say which it is with --source, or see 'lake contracts list'."
