"""What a semantic manifest says: models, metrics and what metrics are split by, read from its JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Relation:
    """A table or view, by its three names."""

    database: str
    schema: str
    name: str

    @property
    def sql(self) -> str:
        return ".".join('"' + part.replace('"', '""') + '"' for part in (self.database, self.schema, self.name))


@dataclass(frozen=True)
class State:
    """How a measure that does not add up over time is taken: on the last (`max`) or first (`min`) `day` that each of
    its `groups` (entities) has in the period."""

    day: str
    takes: Literal["max", "min"]
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Measure:
    """What a simple metric aggregates: the expression of a row's value, how values are put together, and their date."""

    name: str
    aggregation: str
    expression: str
    time: str
    state: State | None


@dataclass(frozen=True)
class Model:
    """A semantic model: the relation it stands on, and the SQL expression of each of its dimensions and entities.

    Having measures tells facts from what only describes. `is_monthly`: its rows are months (`period: month` in its
    meta), dated by one day of theirs, so that part of a month has no figure.
    """

    name: str
    relation: Relation
    expressions: Mapping[str, str]
    primary_entity: str | None
    measures: Mapping[str, Measure]
    is_monthly: bool = False

    @property
    def has_measures(self) -> bool:
        return bool(self.measures)


@dataclass(frozen=True)
class Definition:
    """A metric as its YAML defines it. `models` are the semantic models that its value is computed from.

    A simple one aggregates its `measure`, others are made of the metrics `parts`; `filters` are conditions of its own.
    `needs_time`: it looks at another period than the row's, so it has no value without one. `is_additive`: its value
    is the sum of its values over the parts, over time too; `is_sum` where that fails only for parts that lack a term.
    `is_amount`: it sums or counts, distinct things too, so that no event makes it zero.
    `ratio`: the two metrics that it divides, if it is no more than that and both are additive. `formula` is the
    expression of a derived one.
    """

    name: str
    kind: str
    description: str
    label: str
    meta: Mapping[str, Any]
    models: tuple[str, ...]
    measure: str | None
    parts: tuple[str, ...]
    filters: tuple[str, ...]
    needs_time: bool
    is_additive: bool
    is_sum: bool
    is_amount: bool
    ratio: tuple[str, str] | None
    formula: str


@dataclass(frozen=True)
class GroupBy:
    """What metrics can be split by. `name` is qualified by the entities that lead to it (`site__commune`).

    `model` is None for `metric_time` alone; `is_joined` when it belongs to another model than the metric's.
    """

    name: str
    element: str
    links: tuple[str, ...]
    kind: Literal["entity", "categorical", "time"]
    model: str | None
    is_joined: bool
    label: str
    meta: Mapping[str, Any]


_ADDITIVE = frozenset({"sum", "count", "sum_boolean"})


def relation(raw: Mapping[str, Any]) -> Relation:
    return Relation(raw["database"], raw["schema_name"], raw["alias"])


def model(raw: Mapping[str, Any]) -> Model:
    elements = (*(raw.get("entities") or ()), *(raw.get("dimensions") or ()))
    primary = next((e["name"] for e in raw.get("entities") or () if e["type"] == "primary"), raw.get("primary_entity"))
    return Model(
        name=raw["name"],
        relation=relation(raw["node_relation"]),
        expressions={e["name"]: e.get("expr") or e["name"] for e in elements},
        primary_entity=primary,
        measures={m["name"]: _measure(m, raw) for m in raw.get("measures") or ()},
        is_monthly=_meta(raw).get("period") == "month",
    )


def _meta(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    return (raw.get("config") or {}).get("meta") or {}


def _measure(raw: Mapping[str, Any], owner: Mapping[str, Any]) -> Measure:
    return Measure(
        name=raw["name"],
        aggregation=raw["agg"],
        expression=raw.get("expr") or raw["name"],
        time=raw.get("agg_time_dimension") or (owner.get("defaults") or {}).get("agg_time_dimension") or "",
        state=_state(raw.get("non_additive_dimension")),
    )


def _state(raw: Mapping[str, Any] | None) -> State | None:
    return State(raw["name"], raw["window_choice"], tuple(raw.get("window_groupings") or ())) if raw else None


def definitions(document: Mapping[str, Any]) -> dict[str, Definition]:
    """The metrics of a manifest that may be asked for, by name, sorted."""
    measures = {
        measure["name"]: (owner["name"], measure)
        for owner in document["semantic_models"]
        for measure in owner.get("measures") or []
    }
    raw = {m["name"]: m for m in document["metrics"]}

    def needs_time(name: str) -> bool:
        inputs = raw[name]["type_params"].get("metrics") or ()
        return any(i.get("offset_window") or i.get("offset_to_grain") or needs_time(i["name"]) for i in inputs)

    def adds_up(name: str, terms: re.Pattern[str], aggregations: Set[str] = _ADDITIVE) -> bool:
        parameters = raw[name]["type_params"]
        if raw[name]["type"] == "simple":
            _, measure = measures[parameters["measure"]["name"]]
            return measure["agg"] in aggregations and not measure.get("non_additive_dimension")
        inputs = parameters.get("metrics") or ()
        is_sum = raw[name]["type"] == "derived" and terms.fullmatch(parameters.get("expr") or "")
        return bool(is_sum) and all(not _is_bent(i) and adds_up(i["name"], terms, aggregations) for i in inputs)

    def ratio(name: str) -> tuple[str, str] | None:
        parameters = raw[name]["type_params"]
        parts = [parameters.get("numerator"), parameters.get("denominator")]
        if raw[name]["type"] != "ratio" or any(_is_bent(p) or not adds_up(p["name"], _FILLED) for p in parts):
            return None
        return parts[0]["name"], parts[1]["name"]

    return {
        name: Definition(
            name=name,
            kind=raw[name]["type"],
            description=raw[name].get("description") or "",
            label=raw[name].get("label") or "",
            meta=_meta(raw[name]),
            # dbt names the measures of every metric, derived ones too.
            models=tuple(
                sorted({measures[i["name"]][0] for i in raw[name]["type_params"].get("input_measures") or ()})
            ),
            measure=(raw[name]["type_params"].get("measure") or {}).get("name"),
            parts=tuple(dict.fromkeys(i["name"] for i in _inputs(raw[name]["type_params"]))),
            filters=_filters(raw[name], raw[name]["type_params"].get("measure") or {}),
            needs_time=needs_time(name),
            is_additive=adds_up(name, _FILLED),
            is_sum=adds_up(name, _TERMS),
            is_amount=adds_up(name, _FILLED, _ADDITIVE | {"count_distinct"}),
            ratio=ratio(name),
            formula=raw[name]["type_params"].get("expr") or "",
        )
        for name in sorted(raw)
        if not raw[name]["type_params"].get("is_private")
    }


_NAME = r"[A-Za-z_]\w*"
_FILL = rf"coalesce\(\s*{_NAME}\s*,\s*0\s*\)"

#: An expression that only adds metrics and takes them away: whatever they are, or each with zero for nothing.
_TERMS = re.compile(rf"\s*-?\s*({_FILL}|{_NAME})(\s*[+-]\s*({_FILL}|{_NAME}))*\s*", re.IGNORECASE)
_FILLED = re.compile(rf"\s*-?\s*{_FILL}(\s*[+-]\s*{_FILL})*\s*", re.IGNORECASE)


def _inputs(parameters: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The metrics that a ratio or a derived metric is made of."""
    return [
        i for i in (parameters.get("numerator"), parameters.get("denominator"), *(parameters.get("metrics") or ())) if i
    ]


def _filters(*holders: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(f["where_sql_template"] for h in holders for f in (h.get("filter") or {}).get("where_filters") or ())


def _is_bent(part: Mapping[str, Any]) -> bool:
    """Whether a metric enters another one filtered or shifted, and so is not what it is when it is asked for."""
    return bool(part.get("filter") or part.get("offset_window") or part.get("offset_to_grain"))
