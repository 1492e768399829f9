{# Schemas are named exactly as in docs/architecture.md: dbt's own rule would prefix them with the target's. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}

{#
  The folder says the database: models/core and the staging of group and geo are in `core`, staging/<line> and
  marts/<line> in <line>, the mart of the group in `group`. A new line needs nothing here.
#}
{% macro generate_database_name(custom_database_name=none, node=none) -%}
  {%- set layer = node.fqn[1] if node and node.fqn | length > 2 else none -%}
  {%- if custom_database_name -%} {{ custom_database_name | trim }}
  {%- elif layer == 'marts' or layer == 'staging' and node.fqn[2] not in ('group', 'geo') -%} {{ node.fqn[2] }}
  {%- elif layer in ('staging', 'core') -%} core
  {%- else -%} {{ target.database }}
  {%- endif -%}
{%- endmacro %}
