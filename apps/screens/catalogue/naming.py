"""How the catalogue calls lines and nodes."""

from __future__ import annotations

from apps.screens.catalogue.data import Known
from apps.words import Language, catalogue, say
from lake.lineage import Node
from lake.settings import LINES

#: By the kind of an entry.
ICONS = {
    "indicator": ":material/monitoring:",
    "dataset": ":material/table:",
    "source": ":material/upload_file:",
}


def line_name(line: str, language: Language) -> str:
    return say(f"line.{line}" if line in LINES else f"catalogue.lines.{line}", language)


def node_name(found: Known, node: Node, language: Language) -> str:
    """The label of its entry; of a screen, its title in the menu. A name where there is neither."""
    if node.kind == "screen":
        keys = (key for key in (f"line.{node.name}", f"page.{node.name}") if key in catalogue())
        return next((say(key, language) for key in keys), node.label)
    entry = found.entry(node.id)
    return entry.label.to(language) if entry else node.name
