-- The result of the year is the sum over the lines only if every entry of classes 6 and 7 is in one of them.
select account, chart, rules_on
from {{ ref('dim_finance_account') }}
where account_class in ('6', '7') and income_line is null
