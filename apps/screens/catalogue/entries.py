"""The entries of the catalogue: every indicator, dataset and source of the lines that a viewer sees.

An entry's id is its node's in the lineage, `<kind>:<name>`; it is what the address holds: `/catalogue?entry=<id>`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from apps.words import Language
from lake.contracts import Contract
from lake.lineage import Lineage, Node
from lake.semantic import Indicator

Kind = Literal["indicator", "dataset", "source"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Text:
    """The same in both languages."""

    fr: str
    en: str

    def to(self, language: Language) -> str:
        return self.en if language == "en" else self.fr


@dataclass(frozen=True)
class Entry:
    """One thing that the catalogue describes. `unit` is an indicator's; `rank` orders the headline ones of a line."""

    id: str
    kind: Kind
    name: str
    line: str
    label: Text
    definition: Text
    formula: Text
    owners: tuple[str, ...]
    unit: str = ""
    rank: int | None = None


#: A dataset and a source have no formula.
_NONE = Text("", "")


def of_indicator(indicator: Indicator) -> Entry:
    return Entry(
        id=f"indicator:{indicator.name}",
        kind="indicator",
        name=indicator.name,
        line=indicator.line,
        label=Text(indicator.label_fr, indicator.label_en),
        definition=Text(indicator.definition_fr, indicator.definition_en),
        formula=Text(indicator.formula_fr, indicator.formula_en),
        owners=(indicator.owner,),
        unit=indicator.unit,
        rank=indicator.rank,
    )


def of_dataset(node: Node, way: Lineage, names: Mapping[str, Text]) -> Entry:
    """A dataset, by its name. Nobody signs a table: its owners are those of what is made from it."""
    return Entry(
        id=node.id,
        kind="dataset",
        name=node.name,
        line=node.line,
        label=names.get(node.name, Text(node.name, node.name)),
        definition=Text(node.description_fr, node.description),
        formula=_NONE,
        owners=owners(way, node.id),
    )


def of_source(contract: Contract, way: Lineage | None, names: Mapping[str, Text]) -> Entry:
    """A source, by its name; without one it is called as the dataset that holds its records."""
    id = f"source:{contract.name}"
    holder = way and next((n.name for n in way.nodes.values() if contract.name in n.reconciles), None)
    known = (names[name] for name in (contract.name, holder) if name in names)
    return Entry(
        id=id,
        kind="source",
        name=contract.name,
        line=contract.line,
        label=next(known, Text(contract.name, contract.name)),
        definition=Text(contract.purpose_fr, contract.purpose),
        formula=_NONE,
        owners=owners(way, id) if way else (),
    )


def owners(way: Lineage, id: str) -> tuple[str, ...]:
    """Who answers for the indicators made from a node of its line, most of them first."""
    if id not in way.nodes:
        return ()
    line = way.nodes[id].line
    signed = [n.owner for n in way.after(id) if n.kind == "indicator" and n.owner and n.line in (line, "group")]
    return tuple(sorted(set(signed), key=lambda owner: (-signed.count(owner), owner))[:2])


def ordered(entries: Iterable[Entry], lines: tuple[str, ...]) -> list[Entry]:
    """By kind, then line in the order of screens, headlines first."""
    places = {line: place for place, line in enumerate(lines)}

    def key(entry: Entry) -> tuple[int, int, int, str]:
        return (KINDS.index(entry.kind), places.get(entry.line, len(places)), entry.rank or 999, entry.name)

    return sorted(entries, key=key)
