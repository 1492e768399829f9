"""Which source a delivered file is of: by its name, else by its header.

A contract that is broken stops its own source only, and no other contract may land its files meanwhile:

- a file that is named as the broken contract says is refused, whatever else it looks like;
- a file that no name tells is refused: the broken contract could be the one that its header fits best;
- where the broken contract does not even tell how its files are named, a file lands only if its name and its header
  say the same source: all the columns it requires, and none that it does not know.

Who says the source with `--source` lands by that contract alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import pyarrow as pa
from rapidfuzz import fuzz, process

from lake import readers
from lake.contracts import Broken, Contract
from lake.errors import LakeError, ReadError
from lake.land.deliveries import Delivery
from lake.land.values import clean, typed
from lake.readers import columns
from lake.text import fold, unaccented

#: Endings by which a file without a known name is tried against a format.
_ENDINGS = {
    "csv": {".csv", ".txt", ".tsv"},
    "rpps": {".txt", ".csv"},
    "fec": {".txt", ".xml"},
    "jsonl": {".jsonl", ".ndjson"},
    "json": {".json"},
    "geojson": {".geojson", ".json"},
    "xlsx": {".xlsx", ".xlsm", ".xls", ".ods"},
    "parquet": {".parquet"},
    "finess": {".csv", ".txt"},
}

#: What makes a source near enough to be named to who sent a file: share of its columns, or likeness of names (of 100).
_NEAR_COLUMNS = 0.5
_NEAR_NAME = 80


@dataclass(frozen=True)
class Recognised:
    """A file's source, and what its name says (`fromFile` fields, by the group's name)."""

    contract: Contract
    named: Mapping[str, str]


def recognise(
    delivery: Delivery,
    contracts: Mapping[str, Contract],
    source: str | None = None,
    broken: Sequence[Broken] = (),
) -> Recognised:
    """The source of a file.

    Args:
        delivery: The file.
        contracts: All that may fit, by source.
        source: The one the user says it is.
        broken: Contracts that can't be used, of whose sources it may be unless the user says another.

    Raises:
        ReadError: no contract knows it, it may be of a broken one, or its name lacks something that records need.
    """
    candidates = [contracts[source]] if source else list(contracts.values())
    by_name = [Recognised(c, named) for c in candidates if (named := from_name(c, delivery.name)) is not None]
    if not source:
        _refuse_if_of(broken, delivery, [r.contract for r in by_name])
    if len(by_name) == 1:
        return _sensible(by_name[0], delivery)
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
    return _sensible(Recognised(chosen, said), delivery)


def _sensible(found: Recognised, delivery: Delivery) -> Recognised:
    """What a name says is of the type that its field has: rows of a file could not land by what is none.

    Raises:
        ReadError: the name says something else, such as a day that does not exist.
    """
    for field in found.contract.fields:
        value = found.named.get(field.from_file) if field.from_file else None
        if value is None or not field.is_stored:
            continue
        _, faults, _ = typed(clean(pa.array([value])), field, found.contract.reading)
        if wrong := next((what for what, where in faults if where.any()), None):
            raise ReadError(
                f"{delivery.shown} is named for {field.name} '{value}': {wrong}.",
                remedy=f"Rename it ({field.name}: {field.description.rstrip('.')}), and land it again.",
            )
    return found


def from_name(contract: Contract, name: str) -> dict[str, str] | None:
    """What a file name says by the contract's patterns, accents or none; None if it fits none of them."""
    for pattern in contract.file_patterns:
        if found := pattern.search(name) or pattern.search(unaccented(name)):
            return {key: value for key, value in found.groupdict().items() if value is not None}
    return None


def _refuse_if_of(broken: Sequence[Broken], delivery: Delivery, named: Sequence[Contract]) -> None:
    """No neighbour's contract lands a file of a broken one; `named` are those whose files are named like it.

    Raises:
        ReadError: the file is of a broken one, or nothing rules that out.
    """
    for one in broken:
        if one.files is None:
            is_told = len(named) == 1 and _is_all_of(delivery, named[0])
        else:
            is_told = bool(named) and not any(pattern.search(delivery.name) for pattern in one.files)
        if not is_told:
            raise ReadError(
                f"{delivery.shown} may be of {one.source}, whose contract is broken.",
                remedy="Correct it ('lake contracts check' says what is wrong), or say another source with --source.",
            )


def _is_all_of(delivery: Delivery, contract: Contract) -> bool:
    """Whether the file has every column that the contract requires, and no other than its columns."""
    match = _match(delivery, contract) if contract.reading.options.get("header", True) else None
    return match is not None and not match.extra and not any(f.required for f in match.missing)


def _by_header(delivery: Delivery, contracts: list[Contract]) -> Contract | None:
    """The contract all of whose required columns the file has, the one with the most columns found first."""
    best: tuple[int, Contract] | None = None
    for contract in contracts:
        match = _match_by_ending(delivery, contract)
        if match is None or any(f.required for f in match.missing):
            continue
        if best is None or len(match.found) > best[0]:
            best = (len(match.found), contract)
    return best[1] if best else None


def _match_by_ending(delivery: Delivery, contract: Contract) -> columns.Match | None:
    """The file's columns against a contract; None too where it has not the ending of the contract's format."""
    ending = PurePath(delivery.name).suffix.lower()
    return _match(delivery, contract) if ending in _ENDINGS.get(contract.reading.format, {ending}) else None


def _match(delivery: Delivery, contract: Contract) -> columns.Match | None:
    """The file's columns against a contract; None where it has no header that can be read."""
    module = readers.reader(contract.reading.format, contract)
    if not hasattr(module, "header"):
        return None
    stream = delivery.open()
    try:
        with readers.reading(delivery.shown):
            return columns.match(module.header(stream, contract), contract)
    except LakeError:
        return None
    finally:
        stream.close()


def _hint(delivery: Delivery, contracts: Mapping[str, Contract]) -> str:
    """The source whose columns the file has for the most part, or whose files are named nearly like it."""
    asked = "Say which it is with --source, or see 'lake contracts list'."
    matches = [(match, c) for c in contracts.values() if (match := _match_by_ending(delivery, c)) is not None]
    alike = [(len(m.found) / len(columns.from_columns(c)), m, c) for m, c in matches if m.found]
    if alike and (best := max(alike, key=lambda each: each[0]))[0] >= _NEAR_COLUMNS:
        _, match, contract = best
        lacks = ", ".join(f.header for f in match.missing if f.required)
        return f"Its columns are most like those of {contract.name}, without {lacks}. {asked}"
    like = {words: c for c in contracts.values() for words in (c.name, *map(_words, c.reading.files))}
    near = process.extractOne(
        _words(delivery.name), list(like), scorer=fuzz.token_set_ratio, processor=_apart, score_cutoff=_NEAR_NAME
    )
    if near is None:
        return asked
    contract = like[near[0]]
    named = f"its files are named like {contract.reading.files[0]}. " if contract.reading.files else ""
    return f"The nearest source is {contract.name}: {named}{asked}"


def _apart(words: str) -> str:
    return fold(words.replace("_", " "))


def _words(name: str) -> str:
    """What is said in letters by a file's name, or by a pattern of names: `^(?P<month>\\d{4})_visits(_\\w+)?\\.csv$`
    and `2024_visits.csv` say `_visits_`, or nearly."""
    return PurePath(re.sub(r"\(\?P<\w+>|\\[a-zA-Z]|\{[\d,]+\}|[^\w.-]|\d", "", name)).stem
