{# The day in Europe/Paris of an instant: a day is never a day in UTC. #}
{% macro paris_day(instant) -%}
  {{ return(adapter.dispatch('paris_day', 'lake')(instant)) }}
{%- endmacro %}

{% macro default__paris_day(instant) -%}
  cast(from_utc_timestamp({{ instant }}, 'Europe/Paris') as date)
{%- endmacro %}

{% macro duckdb__paris_day(instant) -%}
  cast(timezone('Europe/Paris', {{ instant }}) as date)
{%- endmacro %}
