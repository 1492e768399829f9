with entries as (
    select distinct
        account,
        fiscal_year_end_on,
        fiscal_year_start_on
    from {{ ref('stg_finance__entries') }}
),

mapping as (
    select * from {{ ref('finance_accounts') }}
),

matched as (
    select
        entries.account,
        entries.fiscal_year_end_on,
        mapping.account_prefix,
        mapping.income_line,
        mapping.balance,
        row_number() over (
            partition by entries.account, entries.fiscal_year_end_on
            order by length(mapping.account_prefix) desc
        ) as closeness
    from entries
    left join mapping
        on left(entries.account, length(mapping.account_prefix)) = mapping.account_prefix
        and mapping.valid_from <= entries.fiscal_year_start_on
        and entries.fiscal_year_start_on <= mapping.valid_to
),

final as (
    select
        account,
        left(account, 1) as account_class,
        account_prefix,
        income_line,
        balance,
        fiscal_year_end_on
    from matched
    where closeness = 1
)

select * from final
