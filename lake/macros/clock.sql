{# Minutes since midnight of a time of the day (hh:mm); null of null. #}
{% macro minute_of_day(clock) -%}
  (cast(substr({{ clock }}, 1, 2) as bigint) * 60 + cast(substr({{ clock }}, 4, 2) as bigint))
{%- endmacro %}

{#
  The 24 hours of a day, in minutes since midnight: clock_hour (0 to 23), from_minute, to_minute. What runs past
  midnight is in the last one, so that the hours of a stay add up to it.
#}
{% macro clock_hours() -%}
  {{ return(adapter.dispatch('clock_hours', 'lake')()) }}
{%- endmacro %}

{% macro default__clock_hours() -%}
  select
    clock_hour,
    clock_hour * 60 as from_minute,
    case when clock_hour = 23 then 2880 else clock_hour * 60 + 60 end as to_minute
  from (select explode(sequence(cast(0 as bigint), cast(23 as bigint))) as clock_hour) as hours
{%- endmacro %}

{% macro duckdb__clock_hours() -%}
  select
    range as clock_hour,
    range * 60 as from_minute,
    case when range = 23 then 2880 else range * 60 + 60 end as to_minute
  from range(0, 24)
{%- endmacro %}
