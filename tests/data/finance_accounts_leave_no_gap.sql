-- A day on which `6` or `7` is in force no more would let accounts of these classes fall out of the income statement.
with classes as (
    select '6' as account_prefix
    union all
    select '7' as account_prefix
)

select classes.account_prefix
from classes
left join {{ ref('finance_accounts') }} as mapping
    on classes.account_prefix = mapping.account_prefix
    and mapping.valid_from <= cast('2000-01-01' as date)
    and mapping.valid_to = cast('9999-12-31' as date)
where mapping.account_prefix is null
