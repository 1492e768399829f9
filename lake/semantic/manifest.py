"""One semantic manifest, and MetricFlow that plans on it. No other module of the project imports metricflow.

MetricFlow's Python interface is not promised stable: what is used of it stands here, the version is pinned in
`pyproject.toml` and `requirements.lock`, and `docs/adr/` says why. Importing it takes a second or two, so it happens
at the first plan; `import_metricflow` does it ahead of time.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lake.access import lines_behind
from lake.errors import QueryError
from lake.semantic.definitions import Definition, GroupBy, Model, Relation, definitions, model, relation
from lake.settings import GROUP

if TYPE_CHECKING:
    from metricflow.engine.metricflow_engine import MetricFlowEngine

#: Schema of the views that keep only the rows of the scope. Semantic models stand on nothing else.
SECURED = "secured"

#: Database of the shared dimensions. In a policy they belong to the line `group`.
CORE = "core"

METRIC_TIME = "metric_time"

GRAINS = ("day", "week", "month", "quarter", "year")

#: Those that are made of whole months.
_OF_MONTHS = ("month", "quarter", "year")


class BuildGoneError(QueryError):
    """A build's files are gone: it was replaced and removed since its name was read, or a disk damaged them. Asking
    again finds the newer, or the one that readers see instead."""


#: MetricFlow numbers the parts of a plan with a counter of the process: one plan at a time.
_one_at_a_time = threading.Lock()


class Manifest:
    """A semantic manifest and its planner. The same content is parsed once per process, whatever build it is in."""

    def __init__(self, digest: str, text: str) -> None:
        self.digest = digest
        self._text = text
        self._reachable: dict[tuple[str, ...], tuple[GroupBy, ...]] = {}

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """The manifest in a file, which never changes.

        Raises:
            BuildGoneError: the file is not there (any more).
        """
        with _lock:
            known = _manifests.get(str(path))
            if known is not None:
                _manifests.move_to_end(str(path))
                return known
        try:
            data = path.read_bytes()
            text = data.decode()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "damaged"
            raise BuildGoneError(f"{path} can't be read ({why}).", remedy="Build the line again.") from error
        digest = hashlib.sha256(data).hexdigest()
        with _lock:
            same = next((m for m in _manifests.values() if m.digest == digest), None)
            _manifests[str(path)] = same or cls(digest, text)
            while len(_manifests) > _KEPT:
                _manifests.popitem(last=False)
            return _manifests[str(path)]

    @cached_property
    def _document(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self._text))
        except ValueError as error:
            raise QueryError(
                f"A semantic manifest is not valid JSON: {error}.", remedy="Build the line again."
            ) from error

    @cached_property
    def models(self) -> dict[str, Model]:
        """The semantic models by name."""
        return {m["name"]: model(m) for m in self._document["semantic_models"]}

    @cached_property
    def time_spines(self) -> frozenset[Relation]:
        """The calendars: the only relations outside the secured schema that a plan may read."""
        spines = self._document["project_configuration"].get("time_spines") or []
        return frozenset(relation(s["node_relation"]) for s in spines)

    @cached_property
    def metrics(self) -> dict[str, Definition]:
        """The metrics by name, sorted."""
        return definitions(self._document)

    @cached_property
    def events(self) -> frozenset[str]:
        """The entities of which each is one row: persons, and the keys of the lines' events."""
        facts = [m for m in self.models.values() if m.has_measures and m.relation.database != CORE]
        return frozenset({"person", *(m.primary_entity for m in facts if m.primary_entity)})

    def is_event(self, field: GroupBy) -> bool:
        """Whether its values are of single rows: an entity of `events`, or a dimension whose meta says so."""
        return bool(field.meta.get("is_event")) or (field.kind == "entity" and field.element in self.events)

    def marts(self, metric: str) -> frozenset[str]:
        """The marts that a metric is computed from; none when it stands on shared dimensions alone."""
        return frozenset(self.models[m].relation.database for m in self.metrics[metric].models) - {CORE}

    def lines(self, metric: str) -> frozenset[str]:
        """The lines that a role must see to read a metric; `group` alone when it stands on shared dimensions alone."""
        return frozenset(line for mart in self.marts(metric) for line in lines_behind(mart)) or frozenset({GROUP})

    def is_monthly(self, metric: str) -> bool:
        """Whether a metric is known by whole months only: by its own meta, or that of a model that it is made of."""
        found = self.metrics[metric]
        return found.meta.get("period") == "month" or any(self.models[name].is_monthly for name in found.models)

    def grains(self, metric: str) -> tuple[str, ...]:
        """The grains by which a metric has figures, the finest first."""
        return _OF_MONTHS if self.is_monthly(metric) else GRAINS

    def reachable(self, metrics: Sequence[str]) -> tuple[GroupBy, ...]:
        """What all these metrics can be split by."""
        key = tuple(sorted(set(metrics)))
        if key not in self._reachable:
            self._reachable[key] = self._find_reachable(key)
        return self._reachable[key]

    def sql(self, metrics: Sequence[str], by: Sequence[str], where: Sequence[str]) -> str:
        """The SQL that MetricFlow plans. Names are the manifest's own, checked by the caller.

        Raises:
            QueryError: MetricFlow finds no plan; carries its words.
        """
        import_metricflow()
        from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

        request = MetricFlowQueryRequest.create(
            metric_names=tuple(metrics),
            group_by_names=tuple(by) or None,
            where_constraints=tuple(where) or None,
        )
        engine = self._engine
        try:
            with _one_at_a_time:
                return str(engine.explain(request).sql_statement.sql)
        except Exception as error:  # MetricFlow's own errors have no common base
            raise QueryError(
                f"{' and '.join(metrics)} can't be asked by {', '.join(by) or 'nothing'}: {error}",
                remedy="Ask with fewer dimensions, or for one indicator at a time.",
            ) from error

    @cached_property
    def _engine(self) -> MetricFlowEngine:
        import_metricflow()
        from metricflow.engine.metricflow_engine import MetricFlowEngine
        from metricflow_semantics.model.dbt_manifest_parser import parse_manifest_from_dbt_generated_manifest
        from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

        with _one_at_a_time:
            parsed = parse_manifest_from_dbt_generated_manifest(self._text)
            return MetricFlowEngine(semantic_manifest_lookup=SemanticManifestLookup(parsed), sql_client=_renderer())

    def _find_reachable(self, metrics: tuple[str, ...]) -> tuple[GroupBy, ...]:
        import_metricflow()
        from metricflow_semantic_interfaces.references import MetricReference
        from metricflow_semantics.model.linkable_element_property import GroupByItemProperty as Property
        from metricflow_semantics.model.semantics.element_filter import GroupByItemSetFilter

        unwanted = {Property.DATE_PART, Property.DERIVED_TIME_GRANULARITY, Property.METRIC}
        lookup = self._engine._semantic_manifest_lookup.metric_lookup
        with _one_at_a_time:
            specs = lookup.get_common_group_by_items(
                metric_references=tuple(MetricReference(element_name=m) for m in metrics),
                set_filter=GroupByItemSetFilter.create(any_properties_denylist=unwanted),
            ).annotated_specs
        found = []
        for spec in specs:
            links = tuple(link.element_name for link in spec.spec.entity_links)
            origins = sorted(r.semantic_model_name for r in spec.origin_semantic_model_references)
            is_clock = Property.METRIC_TIME in spec.property_set
            found.append(
                self._group_by(
                    spec.element_name,
                    links,
                    _KINDS[spec.element_type.name],
                    None if is_clock else next((o for o in origins if o in self.models), None),
                    is_joined=Property.JOINED in spec.property_set,
                )
            )
        return tuple(sorted(found, key=lambda g: g.name))

    def _group_by(
        self,
        element: str,
        links: tuple[str, ...],
        kind: Literal["entity", "categorical", "time"],
        model: str | None,
        *,
        is_joined: bool,
    ) -> GroupBy:
        raw = self.element(model or "", element)
        return GroupBy(
            name="__".join((*links, element)),
            element=element,
            links=links,
            kind=kind,
            model=model,
            is_joined=is_joined,
            label=raw.get("label") or "",
            meta=(raw.get("config") or {}).get("meta") or {},
        )

    def element(self, model: str, name: str) -> dict[str, Any]:
        """What the manifest says of a dimension or an entity of a model; nothing if it has none of that name."""
        return self._elements.get((model, name), {})

    @cached_property
    def _elements(self) -> dict[tuple[str, str], dict[str, Any]]:
        return {
            (model["name"], element["name"]): element
            for model in self._document["semantic_models"]
            for element in (*(model.get("entities") or ()), *(model.get("dimensions") or ()))
        }


_KINDS: dict[str, Literal["entity", "categorical", "time"]] = {
    "ENTITY": "entity",
    "DIMENSION": "categorical",
    "TIME_DIMENSION": "time",
}

#: Manifests in memory, by file: those of the builds that are published, and of the last ones replaced.
_KEPT = 24
_manifests: OrderedDict[str, Manifest] = OrderedDict()
_lock = threading.Lock()


def import_metricflow() -> None:
    """Import MetricFlow now (a second or two), so that the first question doesn't wait for it."""
    import metricflow.engine.metricflow_engine  # noqa: F401


def _renderer() -> Any:
    """What MetricFlow asks of a database client: how SQL is written. It never runs any."""
    from metricflow.protocols.sql_client import SqlEngine
    from metricflow.sql.render.duckdb_renderer import DuckDbSqlExpressionRenderer, DuckDbSqlPlanRenderer
    from metricflow.sql.render.expr_renderer import SqlExpressionRenderResult
    from metricflow_semantic_interfaces.type_enums.time_granularity import TimeGranularity

    class DayAsDate(DuckDbSqlExpressionRenderer):
        """A day is a DATE: truncating a date to its day would only hide the column's statistics from DuckDB."""

        def visit_date_trunc_expr(self, node: Any) -> Any:
            if node.time_granularity is not TimeGranularity.DAY:
                return super().visit_date_trunc_expr(node)
            arg = self.render_sql_expr(node.arg)
            return SqlExpressionRenderResult(sql=f"CAST({arg.sql} AS DATE)", bind_parameter_set=arg.bind_parameter_set)

    class Renderer(DuckDbSqlPlanRenderer):
        EXPR_RENDERER = DayAsDate()

    class Client:
        sql_engine_type = SqlEngine.DUCKDB
        sql_plan_renderer = Renderer()

    return Client()
