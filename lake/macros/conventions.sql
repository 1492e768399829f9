{# What every line counts in the same way: see docs/adr/what-bears-one-name-is-counted-one-way.md. #}

{# Days from one day to a later one. Days in the wrong order have none, so that no sum holds negative days: a check names
   the rows. #}
{% macro delay_days(first_on, last_on) -%}
  case when {{ last_on }} >= {{ first_on }} then {{ dbt.datediff(first_on, last_on, 'day') }} end
{%- endmacro %}

{# A name for reading that is of one thing alone: with its code where two share it. #}
{% macro unique_name(name, code) -%}
  case
    when min({{ code }}) over (partition by {{ name }}) <> max({{ code }}) over (partition by {{ name }})
      then {{ name }} || ' (' || {{ code }} || ')'
    else {{ name }}
  end
{%- endmacro %}

{# A second purchase within so many days belongs to the first: a renewal comes later. #}
{% macro renewal_after_days() -%} 90 {%- endmacro %}
