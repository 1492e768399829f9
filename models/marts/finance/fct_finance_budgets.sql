with budgets as (
    select * from {{ ref('stg_finance__budgets') }}
),

lines as (
    select income_line, balance from {{ ref('finance_income_lines') }}
),

-- A version holds a structure's whole year: the last one is the budget that actuals are compared with.
versions as (
    select structure_id, budget_year, max(version_rank) as version_rank
    from budgets
    group by structure_id, budget_year
),

final as (
    select
        budgets._key,
        budgets.structure_id,
        budgets.site_id,
        budgets.income_line,
        lines.balance,
        budgets.budget_version,
        budgets.budget_year,
        budgets.amount_eur,
        budgets.version_rank = versions.version_rank as is_current_version,
        budgets.month_on
    from budgets
    left join lines on budgets.income_line = lines.income_line
    left join versions
        on budgets.structure_id = versions.structure_id and budgets.budget_year = versions.budget_year
)

select * from final
