with records as (
    {{ current_records(source('finance', 'finance_budgets')) }}
),

final as (
    select
        _key,
        _batch,
        _file,
        _line,
        structure_id,
        site_id,
        income_line,
        budget_version,
        cast(extract(year from month_on) as integer) as budget_year,
        -- B0 is voted, then R1, R2, … revise it.
        cast(substring(budget_version, 2, 1) as integer) as version_rank,
        amount_eur,
        month_on
    from records
)

select * from final
