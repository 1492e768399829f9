-- Two rows of the same beginning and chart in force on the same day would give an account two lines, and its amount twice.
select a.account_prefix, a.chart, a.valid_from, b.valid_from as other_valid_from
from {{ ref('finance_accounts') }} as a
inner join {{ ref('finance_accounts') }} as b
    on a.account_prefix = b.account_prefix
    and a.chart = b.chart
    and a.valid_from < b.valid_from
where a.valid_to >= b.valid_from
