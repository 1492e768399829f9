{# Age in whole years on a day: the birthday counts. Null when either day is unknown. #}
{% macro age_years(birth_on, event_on) -%}
  {{ return(adapter.dispatch('age_years', 'lake')(birth_on, event_on)) }}
{%- endmacro %}

{% macro default__age_years(birth_on, event_on) -%}
  (
    extract(year from {{ event_on }}) - extract(year from {{ birth_on }})
    - case
      when
        extract(month from {{ event_on }}) * 100 + extract(day from {{ event_on }})
        < extract(month from {{ birth_on }}) * 100 + extract(day from {{ birth_on }})
        then 1
      else 0
    end
  )
{%- endmacro %}

{# The age band on a day, the same bands in every line. #}
{% macro age_band(birth_on, event_on) -%}
  case
    when {{ birth_on }} is null or {{ event_on }} is null then 'unknown'
    when {{ age_years(birth_on, event_on) }} < 6 then '00-05'
    when {{ age_years(birth_on, event_on) }} < 16 then '06-15'
    when {{ age_years(birth_on, event_on) }} < 30 then '16-29'
    when {{ age_years(birth_on, event_on) }} < 45 then '30-44'
    when {{ age_years(birth_on, event_on) }} < 60 then '45-59'
    when {{ age_years(birth_on, event_on) }} < 75 then '60-74'
    else '75+'
  end
{%- endmacro %}
