{# Every day from `first` to `last`, both included, as column date_on. #}
{% macro day_spine(first, last) -%}
  {{ return(adapter.dispatch('day_spine', 'lake')(first, last)) }}
{%- endmacro %}

{% macro default__day_spine(first, last) -%}
  select explode(sequence(date '{{ first }}', date '{{ last }}')) as date_on
{%- endmacro %}

{% macro duckdb__day_spine(first, last) -%}
  select cast(range as date) as date_on
  from range(date '{{ first }}', date '{{ last }}' + interval 1 day, interval 1 day)
{%- endmacro %}

{# A part of the ISO week date: `year`, `week` (1 to 53) or `day` (Monday 1 to Sunday 7). #}
{% macro iso_week_part(part, day) -%}
  {{ return(adapter.dispatch('iso_week_part', 'lake')(part, day)) }}
{%- endmacro %}

{% macro default__iso_week_part(part, day) -%}
  extract({{ {'year': 'yearofweek', 'week': 'week', 'day': 'dayofweek_iso'}[part] }} from {{ day }})
{%- endmacro %}

{% macro duckdb__iso_week_part(part, day) -%}
  extract({{ {'year': 'isoyear', 'week': 'week', 'day': 'isodow'}[part] }} from {{ day }})
{%- endmacro %}
