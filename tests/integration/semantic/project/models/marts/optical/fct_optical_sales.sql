{{ config(materialized='table') }}
-- One row per sale line.
select
    cast(i as varchar) as sale_id,
    case when i % 2 = 0 then 'S01' else 'S02' end as structure_id,
    case when i % 2 = 0 then 'S01-OPT-01' else 'S02-OPT-01' end as site_id,
    cast(100 + i % 300 as decimal(18, 2)) as amount_eur,
    date '2023-02-01' + cast((i * 11) % 600 as integer) as sold_on
from range(300) as t (i)
