with years as (
    select * from {{ ref('dim_finance_fiscal_year') }}
),

accounts as (
    select distinct
        entries.account,
        years.chart,
        years.rules_on
    from {{ ref('stg_finance__entries') }} as entries
    inner join years on entries.siren = years.siren and entries.fiscal_year_end_on = years.named_end_on
    where entries.account is not null
),

mapping as (
    select * from {{ ref('finance_accounts') }}
),

matched as (
    select
        accounts.account,
        accounts.chart,
        accounts.rules_on,
        mapping.account_prefix,
        mapping.income_line,
        mapping.balance,
        row_number() over (
            partition by accounts.account, accounts.chart, accounts.rules_on
            order by length(mapping.account_prefix) desc, case when mapping.chart = 'all' then 1 else 0 end
        ) as closeness
    from accounts
    left join mapping
        on left(accounts.account, length(mapping.account_prefix)) = mapping.account_prefix
        and mapping.chart in ('all', accounts.chart)
        and mapping.valid_from <= accounts.rules_on
        and accounts.rules_on <= mapping.valid_to
),

final as (
    select
        account,
        chart,
        left(account, 1) as account_class,
        account_prefix,
        income_line,
        balance,
        rules_on
    from matched
    where closeness = 1
)

select * from final
