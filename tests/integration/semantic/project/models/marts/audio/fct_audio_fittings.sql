{{ config(materialized='table') }}
-- One row per device fitted. S99 is a structure that sent files without being known to the group.
select
    cast(i as varchar) as fitting_id,
    case i % 6 when 0 then 'S01' when 1 then 'S01' when 2 then 'S02' when 3 then 'S03' when 4 then 'S02' else 'S99' end as structure_id,
    case i % 6 when 0 then 'S01-AUD-01' when 1 then 'S01-AUD-02' when 2 then 'S02-AUD-01' when 3 then 'S03-AUD-01'
        when 4 then 'S02-AUD-01' else 'S99-AUD-01' end as site_id,
    case when i % 5 < 2 then 'I' else 'II' end as device_class,
    case i % 11 when 0 then null when 1 then '' when 2 then 'O''Brien' when 3 then '100%' when 4 then '50_50'
        when 5 then 'a"; drop table x --' when 6 then 'été 😀' when 7 then '{{ "{{ 1 }}" }}' when 8 then 'p0' when 9 then '$p0' else 'back\slash' end as note,
    case when i % 7 = 0 then null else i % 4 end as ear_count,
    cast(cast(80000 + (i * 7919) % 120000 as varchar) || 'e-2' as decimal(18, 2)) as price_eur,
    i % 2 = 0 as is_binaural,
    date '2023-01-15' + cast((i * 37) % 640 as integer) as fitted_on
from range(600) as t (i)
