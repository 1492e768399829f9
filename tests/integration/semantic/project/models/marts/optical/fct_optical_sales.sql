{{ config(materialized='table') }}
-- One row per sale line.
select
    cast(i as varchar) as sale_id,
    'S0' || (1 + i % 8) as structure_id,
    'S0' || (1 + i % 8) || '-OPT-01' as site_id,
    'C' || (i % 50) as customer_id,
    cast(100 + i % 300 as decimal(18, 2)) as amount_eur,
    date '2023-02-01' + cast((i * 11) % 600 as integer) as sold_on
from range(2000) as t (i)
