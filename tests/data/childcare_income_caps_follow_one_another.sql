-- A contract has one income cap: with two it would be there twice, with none its fee by the scale would be unknown.
with periods as (
    select
        valid_from,
        valid_to,
        lead(valid_from) over (order by valid_from) as next_from
    from {{ ref('childcare_income_caps') }}
)

select *
from periods
where
    (next_from is null and valid_to is not null)
    or (next_from is not null and (valid_to is null or {{ dbt.dateadd('day', 1, 'valid_to') }} <> next_from))
