{# Whether a text begins with so many digits. #}
{% macro starts_with_digits(column, count) -%}
  {{ return(adapter.dispatch('starts_with_digits', 'lake')(column, count)) }}
{%- endmacro %}

{% macro default__starts_with_digits(column, count) -%}
  {{ column }} rlike '^[0-9]{% raw %}{{% endraw %}{{ count }}{% raw %}}{% endraw %}'
{%- endmacro %}

{% macro duckdb__starts_with_digits(column, count) -%}
  regexp_matches({{ column }}, '^[0-9]{% raw %}{{% endraw %}{{ count }}{% raw %}}{% endraw %}')
{%- endmacro %}
