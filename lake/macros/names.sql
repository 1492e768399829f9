{# Schemas are named exactly as in docs/architecture.md: dbt's own rule would prefix them with the target's. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
