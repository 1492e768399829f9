"""The lineage of one entry as a drawing: file and source → dataset → indicator → screens, left to right, in DOT.

Staging and secured views stand between these one to one: the drawing goes through them. What would make it unreadable
is put together in one box that says how many it holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from textwrap import wrap

from lake.lineage import Lineage, Node

#: Characters of a line in a box.
_WIDEST = 22

#: Boxes of one kind after the entry, from which they become one.
_MOST = 5

_SHOWN = ("source", "dataset", "indicator", "screen")

#: Fill and border by kind: pale, so that the words carry the meaning in print too.
_COLOURS = {
    "source": ("#EEF1F8", "#4C5FA8"),
    "dataset": ("#F3F6F7", "#5B6770"),
    "indicator": ("#E3F1F2", "#0B6E75"),
    "screen": ("#FDF3E4", "#D97706"),
}
_INK, _MINE = "#15262B", "#0B6E75"


@dataclass(frozen=True)
class Box:
    """One box: `lines` are its words, `goes_to` the address that it opens, empty for none."""

    id: str
    kind: str
    lines: tuple[str, ...]
    goes_to: str = ""
    is_mine: bool = False


@dataclass(frozen=True)
class Picture:
    """Boxes, and which leads to which."""

    boxes: tuple[Box, ...]
    arrows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Words:
    """How the drawing speaks: the label of a node, its address, the file of a source, several nodes of a kind."""

    label: Callable[[Node], str]
    address: Callable[[Node], str]
    file: Callable[[Node], str]
    several: Callable[[str, int], str]


def picture(way: Lineage, id: str, words: Words) -> Picture:
    """What leads to an entry and what is made from it."""
    before, after = way.before(id), way.after(id)
    members = {n.id: n for n in (*before, way.nodes[id], *after) if n.kind in _SHOWN}
    arrows = {(parent, n.id) for n in members.values() for parent in _shown_parents(way, n) if parent in members}
    place = {n.id: n.id for n in members.values()}
    boxes = {n.id: Box(n.id, n.kind, _lines(n, words), words.address(n), n.id == id) for n in members.values()}
    screens = [n for n in way.nodes.values() if n.kind == "screen" and n.id in members]
    for kind, limit in (("screen", 0), ("indicator", _MOST), ("dataset", _MOST)):
        later = screens if kind == "screen" else [n for n in after if n.kind == kind]
        if len(later) > limit:
            together = Box(f"all-{kind}", kind, _together(kind, later, words))
            boxes = {i: b for i, b in boxes.items() if i not in {n.id for n in later}} | {together.id: together}
            place |= {n.id: together.id for n in later}
    if screens:
        arrows = {a for a in arrows if not a[1].startswith("screen:")} | _to_screens(arrows, members, place, id)
    moved = {(place.get(a, a), place.get(b, b)) for a, b in arrows}
    return Picture(tuple(boxes.values()), tuple(sorted(a for a in moved if a[0] != a[1])))


def dot(drawn: Picture) -> str:
    """The drawing in Graphviz's language."""
    lines = [
        "digraph {",
        '  rankdir=LR; bgcolor="transparent"; nodesep=0.2; ranksep=0.35;',
        '  node [shape=box, style="rounded,filled", fontname="Source Sans, Helvetica, sans-serif", fontsize=16,'
        ' margin="0.14,0.07", penwidth=1.2];',
        '  edge [color="#8A9BA1", arrowsize=0.6, penwidth=1.1];',
    ]
    lines += [f"  {_quoted(box.id)} [{_style(box)}];" for box in drawn.boxes]
    lines += [f"  {_quoted(a)} -> {_quoted(b)};" for a, b in drawn.arrows]
    return "\n".join([*lines, "}"])


def _shown_parents(way: Lineage, node: Node) -> Iterator[str]:
    """The nearest ancestors that the drawing shows."""
    for parent in node.before:
        if way.nodes[parent].kind in _SHOWN:
            yield parent
        else:
            yield from _shown_parents(way, way.nodes[parent])


def _to_screens(
    arrows: Iterable[tuple[str, str]], members: Mapping[str, Node], place: Mapping[str, str], id: str
) -> set[tuple[str, str]]:
    """Screens show indicators: the arrow to them starts at the last indicators, or at the dataset if there are none."""
    known = [n for n in members.values() if n.kind == "indicator"]
    if members[id].kind == "indicator":
        return {(id, "all-screen")}
    if known:
        leads = {a for a, b in arrows if b.startswith("indicator:") and a.startswith("indicator:")}
        return {(n.id, "all-screen") for n in known if n.id not in leads or place[n.id] != n.id}
    return {(id, "all-screen")}


def _lines(node: Node, words: Words) -> tuple[str, ...]:
    """A source says what files it comes from."""
    return (words.label(node), words.file(node)) if node.kind == "source" else (words.label(node),)


def _together(kind: str, nodes: list[Node], words: Words) -> tuple[str, ...]:
    if kind == "screen":
        return tuple(words.label(n) for n in nodes)
    return (words.several(kind, len(nodes)), *(words.label(n) for n in nodes[:3]), "…")


def _style(box: Box) -> str:
    fill, border = _COLOURS[box.kind]
    ink = _INK
    if box.is_mine:
        fill, border, ink = _MINE, _MINE, "#FFFFFF"
    text = "\n".join(part for line in box.lines for part in wrap(line, _WIDEST) or [line])
    style = f'label={_quoted(text)}, fillcolor="{fill}", color="{border}", fontcolor="{ink}"'
    if box.goes_to:
        style += f', URL={_quoted(box.goes_to)}, target="_self", tooltip={_quoted(box.lines[0])}'
    return style


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
