{#
  The state of each key of a source: the version with the greatest (_order, _batch, _version); a tombstone hides the key.
  One row per key, with the lake's own columns.

      select * from ({{ current_records(source('audio', 'audio_fittings')) }})
#}
{% macro current_records(relation) -%}
  {{ return(adapter.dispatch('current_records', 'lake')(relation)) }}
{%- endmacro %}

{% macro default__current_records(relation) -%}
  select *
  from (
    select
      *,
      row_number() over (partition by _key order by _order desc, _batch desc, _version desc) as _rank
    from {{ relation }}
  ) as ranked
  where _rank = 1 and not _deleted
{%- endmacro %}

{# Most keys have one version, and a key's first is number 0: only keys with a later one are ranked. #}
{% macro duckdb__current_records(relation) -%}
  select *
  from {{ relation }}
  where not _deleted and _key not in (select _key from {{ relation }} where _version > 0)
  union all
  select *
  from (
    from {{ relation }}
    where _key in (select _key from {{ relation }} where _version > 0)
    qualify row_number() over (partition by _key order by _order desc, _batch desc, _version desc) = 1
  )
  where not _deleted
{%- endmacro %}
