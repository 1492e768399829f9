-- A day has one set of ceilings: with two its hours would be paid twice, with none the fund's contribution of a whole
-- period would be missing without a trace. So each period begins on the day after the one before, and the last is open.
with periods as (
    select
        valid_from,
        valid_to,
        lead(valid_from) over (order by valid_from) as next_from
    from {{ ref('childcare_psu_ceilings') }}
)

select *
from periods
where
    (next_from is null and valid_to is not null)
    or (next_from is not null and (valid_to is null or {{ dbt.dateadd('day', 1, 'valid_to') }} <> next_from))
