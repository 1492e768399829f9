"""From the delivered file to the screens: what is made from what, as dbt's manifest in a build says.

    way = lineage.read(builds.published("audio"))
    way.before("indicator:audio_net_sales_eur")      what it is made from, sources first
    way.after("source:audio_fittings")               what is made from it, screens last

Any build's manifest describes the whole project: all lines, not only the build's own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

from lake.access import lines_behind
from lake.builds import Build
from lake.errors import BuildError

#: In the order in which a record passes them. `view` is the secured view that the semantic layer stands on.
Kind = Literal["source", "staging", "dataset", "view", "indicator", "screen"]

_KINDS: dict[str, Kind] = {"source": "source", "metric": "indicator", "exposure": "screen", "seed": "dataset"}

#: Schemas whose models are a step on the way; what stands in others is a dataset.
_SCHEMAS: dict[str, Kind] = {"staging": "staging", "secured": "view"}


@dataclass(frozen=True)
class Column:
    """One column of a dataset. `kind` is its SQL type, where the model's contract or the seed gives it."""

    name: str
    kind: str
    description: str


@dataclass(frozen=True)
class Node:
    """One thing on the way of the data; `id` is `<kind>:<name>` (for a screen, its page's key).

    `line` is the business line, `group` for the mart across lines, the shared dimensions and what comes from their
    sources; `needs` are the lines that a reader must see. `tests` counts
    dbt's own tests of it, which all passed or there would be no build. `facets` are the parts of the definition by
    name: two builds that agree in all of them define it alike. `schema` and `name` are those of the relation.
    """

    id: str
    kind: Kind
    name: str
    line: str
    needs: tuple[str, ...]
    label: str
    description: str
    description_fr: str
    owner: str
    schema: str
    before: tuple[str, ...]
    columns: tuple[Column, ...]
    tests: int
    reconciles: tuple[str, ...]
    facets: Mapping[str, str]


@dataclass(frozen=True)
class Lineage:
    """All nodes of one manifest, by id."""

    nodes: Mapping[str, Node]

    @cached_property
    def _children(self) -> Mapping[str, Sequence[str]]:
        found: dict[str, list[str]] = {}
        for node in self.nodes.values():
            for parent in node.before:
                found.setdefault(parent, []).append(node.id)
        return found

    def within(self, sees: Callable[[str], bool]) -> Lineage:
        """The part of it that is of the lines seen, with the screens."""
        kept = {id: node for id, node in self.nodes.items() if all(sees(line) for line in node.needs)}
        return Lineage({id: replace(n, before=tuple(p for p in n.before if p in kept)) for id, n in kept.items()})

    def before(self, id: str) -> tuple[Node, ...]:
        """All that a node is made from, each after what it is made from itself."""
        return tuple(self.nodes[i] for i in self._reached(id, lambda i: self.nodes[i].before))[::-1]

    def after(self, id: str) -> tuple[Node, ...]:
        """All that is made from a node. A screen that asks a view shows every indicator that stands on it."""
        found = self._reached(id, lambda i: self._children.get(i, ()))
        if self.nodes[id].kind == "indicator":
            screens = (i for view in self._views(id) for i in self._children.get(view, ()) if i.startswith("screen:"))
            found = [*found, *(i for i in screens if i not in found)]
        return tuple(self.nodes[i] for i in dict.fromkeys(found))

    def _views(self, id: str) -> Iterator[str]:
        """The views that an indicator is computed from, through its parts."""
        for parent in self.nodes[id].before:
            if parent.startswith("indicator:"):
                yield from self._views(parent)
            else:
                yield parent

    @staticmethod
    def _reached(start: str, neighbours: Any) -> list[str]:
        """What is reached from a node, nearest last to be visited: reversed, each stands after what leads to it."""
        order: dict[str, None] = {}

        def visit(id: str) -> None:
            for near in neighbours(id):
                if near not in order:
                    visit(near)
                    order[near] = None

        visit(start)
        return list(order)[::-1]


@dataclass(frozen=True)
class Change:
    """What a build changed in a definition since the one before it (`earlier`); `facet` is empty where the definition
    appeared in it."""

    build: Build
    earlier: Build | None
    facet: str
    before: str
    after: str


def read(build: Build) -> Lineage:
    """The lineage that a build was made by.

    Raises:
        BuildError: its manifest is gone, or can't be read.
    """
    return _read(build.manifest)


def history(kept: Iterable[Build], id: str) -> list[Change]:
    """How a definition changed over the builds that are kept, the newest change first; nothing before the oldest is
    known, so a definition that the oldest has is not said to appear there."""
    changes: list[Change] = []
    last: Node | None = None
    earlier: Build | None = None
    for build in sorted(kept, key=lambda b: b.id):
        if not build.manifest.exists():  # dbt failed before it wrote it
            continue
        node = read(build).nodes.get(id)
        if node is not None and last is None and earlier is not None:
            changes.append(Change(build, earlier, "", "", ""))
        elif node is not None and last is not None:
            names = dict.fromkeys((*last.facets, *node.facets))
            parts = ((n, last.facets.get(n, ""), node.facets.get(n, "")) for n in names)
            changes += [Change(build, earlier, name, old, new) for name, old, new in parts if old != new]
        last, earlier = node, build
    return changes[::-1]


@lru_cache(maxsize=32)
def _read(path: Path) -> Lineage:
    try:
        document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BuildError(f"{path} can't be read: {error}", remedy="Build the line again.") from error
    raw = {
        name: node
        for kind in ("nodes", "sources", "metrics", "exposures", "semantic_models")
        for name, node in document[kind].items()
    }
    tests: dict[str, int] = {}
    for node in raw.values():
        if node["resource_type"] == "test":
            for tested in node["depends_on"]["nodes"]:
                tests[tested] = tests.get(tested, 0) + 1
    nodes = (_node(name, raw, tests.get(name, 0)) for name in raw if _kind(raw[name]))
    return Lineage({node.id: node for node in nodes})


def _kind(node: Mapping[str, Any]) -> Kind | None:
    kind = str(node["resource_type"])
    return _SCHEMAS.get(node["schema"], "dataset") if kind == "model" else _KINDS.get(kind)


def _id(node: Mapping[str, Any]) -> str:
    kind = _kind(node)
    name = (node.get("config") or {}).get("meta", {}).get("page") if kind == "screen" else None
    return f"{kind}:{name or node['name']}"


def _node(unique: str, raw: Mapping[str, Mapping[str, Any]], tests: int) -> Node:
    node = raw[unique]
    kind = _kind(node)
    assert kind is not None
    config = node.get("config") or {}
    meta, types = config.get("meta") or {}, config.get("column_types") or {}
    columns = tuple(
        Column(c["name"], c.get("data_type") or types.get(c["name"], ""), c.get("description") or "")
        for c in (node.get("columns") or {}).values()
    )
    id = _id(node)
    description = " ".join(str(node.get("description") or "").split())
    return Node(
        id=id,
        kind=kind,
        name=id.partition(":")[2],
        line=_line(node),
        needs=_needs(node),
        label=str(node.get("label") or node["name"]),
        description=description,
        description_fr=str(meta.get("description_fr") or description),
        owner=str(meta.get("owner") or (node.get("owner") or {}).get("name") or ""),
        schema=str(node.get("schema") or ""),
        before=tuple(dict.fromkeys(_parents(unique, raw))),
        columns=columns,
        tests=tests,
        reconciles=tuple(meta.get("reconciles") or ()),
        facets=_facets(kind, node, meta, columns),
    )


def _parents(unique: str, raw: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Ids of what it is made from; a semantic model is a way of speaking of its view, and passed over."""
    for parent in (raw[unique].get("depends_on") or {}).get("nodes", ()):
        if parent not in raw:
            continue
        if raw[parent]["resource_type"] == "semantic_model":
            yield from _parents(parent, raw)
        elif _kind(raw[parent]):
            yield _id(raw[parent])


def _line(node: Mapping[str, Any]) -> str:
    """The line by the folder: models/marts/<line>/…, models/staging/<line>/…, models/core/…"""
    parts = Path(node["original_file_path"]).parts
    if parts[:2] == ("models", "core"):
        return "group"
    return parts[2] if len(parts) > 3 else ""


def _needs(node: Mapping[str, Any]) -> tuple[str, ...]:
    line = _line(node)
    if line and Path(node["original_file_path"]).parts[1] == "marts":
        return lines_behind(line)
    return (line,) if line else ()


def _facets(kind: Kind, node: Mapping[str, Any], meta: Mapping[str, Any], columns: Sequence[Column]) -> dict[str, str]:
    if kind == "indicator":
        words = [f"{word}_{language}" for word in ("label", "definition", "formula") for language in ("fr", "en")]
        said = {name: str(meta[name]) for name in (*words, "unit", "direction", "owner") if meta.get(name)}
        return {**said, "computation": _computation(node)}
    facets = {"description": str(node.get("description") or "").strip()}
    facets["description_fr"] = str(meta.get("description_fr") or "")
    facets["columns"] = "\n".join(f"{c.name} {c.kind}".rstrip() for c in columns)
    if kind == "source":
        facets["version"] = str(meta.get("contract_version") or "")
    else:
        facets["sql"] = str(node.get("raw_code") or (node.get("checksum") or {}).get("checksum") or "").strip()
    return {name: text for name, text in facets.items() if text}


def _computation(node: Mapping[str, Any]) -> str:
    """What MetricFlow is told, without what is empty."""

    def lean(value: Any) -> Any:
        if isinstance(value, dict):
            kept = {k: lean(v) for k, v in value.items() if k != "input_measures"}
            return {k: v for k, v in kept.items() if v not in (None, [], {}, False)}
        return [lean(v) for v in value] if isinstance(value, list) else value

    told = lean({"type": node["type"], **node["type_params"], "filter": node.get("filter")})
    return json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False)
