"""How an indicator is made: its definition, its SQL, and the way of its data from the sources to those who use it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from lake.access import Scope
from lake.builds import Build
from lake.contracts import catalogue
from lake.semantic.ask import with_source
from lake.semantic.figures import answer
from lake.semantic.indicators import Indicator, indicator
from lake.semantic.manifest import BuildGoneError
from lake.semantic.publications import Source
from lake.semantic.question import Question
from lake.semantic.rows import simple_parts


@dataclass(frozen=True)
class Step:
    """One thing on the way of the data. `before` names the steps that it is made from.

    `grain` is a source's or model's sentence of what one row is; `version` is a source's contract version.
    """

    name: str
    kind: Literal["source", "model", "indicator", "exposure"]
    label: str
    grain: str
    path: str
    before: tuple[str, ...]
    version: str = ""
    owner: str = ""


@dataclass(frozen=True)
class Explanation:
    """All that can be said of how a figure comes about.

    `steps` go from the sources to the screens, each after those it is made from; `parts` are the simple indicators that
    it is computed from; `builds` carry freshness and the outcome of the checks.
    """

    indicator: Indicator
    parts: tuple[str, ...]
    sql: str
    steps: tuple[Step, ...]
    builds: tuple[Build, ...]

    def of_kind(self, kind: Literal["source", "model", "indicator", "exposure"]) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.kind == kind)


def explain(metric: str, *, scope: Scope) -> Explanation:
    """How one indicator is made, in the builds that are published.

    Raises:
        UnknownMetric: with the nearest valid names.
        AccessDenied: the scope doesn't see its line.
    """
    if not isinstance(scope, Scope):
        raise TypeError("An explanation needs a lake.access.Scope.")
    return with_source((metric,), scope, lambda source: _explain(metric, source, scope))


def _explain(metric: str, source: Source, scope: Scope) -> Explanation:
    definition = source.manifest.metrics[metric]
    question = Question((metric,), grain="month" if definition.needs_time else None)
    newest = max(source.builds, key=lambda build: build.created_at)
    return Explanation(
        indicator=indicator(source.manifest, metric),
        parts=simple_parts(source.manifest, metric),
        sql=answer(question, source, scope).sql,
        steps=tuple(_steps(_graph(newest.manifest), metric)),
        builds=source.builds,
    )


@dataclass(frozen=True)
class _Graph:
    """dbt's manifest, as far as it is needed here: what there is, and what is made from what."""

    nodes: Mapping[str, Mapping[str, Any]]
    parents: Mapping[str, tuple[str, ...]]
    children: Mapping[str, tuple[str, ...]]


@lru_cache(maxsize=8)
def _graph(path: Path) -> _Graph:
    try:
        document = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "damaged"
        raise BuildGoneError(f"{path} can't be read ({why}).", remedy="Build the line again.") from error
    kinds = ("nodes", "sources", "metrics", "exposures", "semantic_models")
    return _Graph(
        nodes={name: node for kind in kinds for name, node in document[kind].items()},
        parents={name: tuple(parents) for name, parents in document["parent_map"].items()},
        children={name: tuple(children) for name, children in document["child_map"].items()},
    )


def _steps(graph: _Graph, metric: str) -> Iterator[Step]:
    """Sources, models, the metric's parts, what contains and what shows it; each after those it is made from."""
    start = next(name for name, node in graph.nodes.items() if name.startswith("metric.") and node["name"] == metric)
    wanted = {start, *_reached(graph.parents, start), *_reached(graph.children, start)}
    seen: dict[str, None] = {}

    def visit(name: str) -> None:
        if name in wanted and name not in seen:
            for parent in graph.parents.get(name, ()):
                visit(parent)
            seen[name] = None

    for name in sorted(wanted):
        visit(name)
    for name in seen:
        step = _step(graph, name, wanted)
        if step is not None:
            yield step


def _reached(edges: Mapping[str, tuple[str, ...]], start: str) -> set[str]:
    """Everything that can be reached from a node."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        fresh = set(edges.get(waiting.pop(), ())) - found
        found |= fresh
        waiting += fresh
    return found


_KINDS: dict[str, Literal["source", "model", "indicator", "exposure"]] = {
    "source": "source",
    "model": "model",
    "seed": "source",
    "metric": "indicator",
    "exposure": "exposure",
}


def _step(graph: _Graph, name: str, wanted: Set[str]) -> Step | None:
    """A step for people: semantic models are a way of speaking of the view they stand on, and left out."""
    kind = _KINDS.get(name.partition(".")[0])
    if kind is None:
        return None
    node = graph.nodes[name]
    contract = catalogue().get(node["name"]) if name.startswith("source.") else None
    return Step(
        name=node["name"],
        kind=kind,
        label=node.get("label") or node["name"],
        grain=contract.grain if contract else node.get("description") or "",
        path=f"lake/contracts/{contract.line}/{contract.path.name}"
        if contract
        else node.get("original_file_path") or "",
        before=tuple(dict.fromkeys(_plain_parents(graph, name, wanted))),
        version=contract.version if contract else "",
        owner=(node.get("owner") or {}).get("name") or "",
    )


def _plain_parents(graph: _Graph, name: str, wanted: Set[str]) -> Iterator[str]:
    """Names of what it is made from among the wanted, semantic models passed over."""
    for parent in graph.parents.get(name, ()):
        if parent in wanted and parent.partition(".")[0] in _KINDS:
            yield graph.nodes[parent]["name"]
        elif parent in wanted:
            yield from _plain_parents(graph, parent, wanted)
