{# True in a session with a scope, whatever structures are in it: for reference tables, which hold no structure's rows. #}
{% macro in_any_scope() -%}
  {{ return(adapter.dispatch('in_any_scope', 'lake')()) }}
{%- endmacro %}

{% macro default__in_any_scope() -%}
  {{ exceptions.raise_compiler_error("in_any_scope is written for DuckDB; on " ~ target.type ~ " use row filters of the engine") }}
{%- endmacro %}

{% macro duckdb__in_any_scope() -%}
  coalesce(len(getvariable('scope_structures')), 0) > 0
{%- endmacro %}
