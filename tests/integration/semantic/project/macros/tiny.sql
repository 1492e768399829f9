{% macro generate_schema_name(custom_schema_name, node) -%}{{ custom_schema_name or 'atomic' }}{%- endmacro %}

{% macro tiny_secured(model) -%}
{{ config(materialized='view', schema='secured') }}
select * from {{ ref(model) }} where list_contains(getvariable('scope_structures'), structure_id)
{%- endmacro %}
