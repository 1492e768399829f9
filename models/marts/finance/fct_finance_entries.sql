with entries as (
    select * from {{ ref('stg_finance__entries') }}
),

accounts as (
    select * from {{ ref('dim_finance_account') }}
),

structures as (
    select structure_id, siren from {{ ref('dim_structure') }}
),

sites as (
    select distinct site_id from {{ ref('dim_site') }}
),

headquarters as (
    select structure_id, min(site_id) as site_id
    from {{ ref('dim_site') }}
    where line = 'group'
    group by structure_id
),

-- A structure's years that have a budget: only they are compared with one.
budgeted as (
    select distinct structure_id, budget_year from {{ ref('fct_finance_budgets') }}
),

years as (
    select * from {{ ref('dim_finance_fiscal_year') }}
),

-- Entries that sell something: the VAT in them is that of sales, not what is opened, paid or moved.
sales as (
    select distinct
        siren,
        fiscal_year_end_on,
        coalesce(journal_code, '') as journal_code,
        entry_number,
        entry_on
    from entries
    where left(account, 2) = '70'
),

placed as (
    select
        entries.*,
        accounts.account_class,
        accounts.income_line,
        accounts.balance,
        coalesce(structures.structure_id, entries.siren) as structure_id,
        coalesce(sites.site_id, headquarters.site_id) as site_id,
        sales.entry_number is not null as is_sales_vat,
        years.days as fiscal_year_days,
        years.start_on,
        years.end_on,
        years.has_rules_of_2025,
        coalesce(
            entries.line_number > years.last_line_number
            and (
                entries._batch < years.last_batch
                or (entries._batch = years.last_batch and entries._file < years.last_file)
            ),
            false
        ) as is_superseded
    from entries
    inner join years
        on entries.siren = years.siren and entries.fiscal_year_end_on = years.named_end_on
    left join accounts
        on
            entries.account = accounts.account
            and years.chart = accounts.chart
            and years.rules_on = accounts.rules_on
    left join sales
        on
            (left(entries.account, 4) = '4457' or left(entries.account, 5) = '44587')
            and entries.siren = sales.siren
            and entries.fiscal_year_end_on = sales.fiscal_year_end_on
            and coalesce(entries.journal_code, '') = sales.journal_code
            and entries.entry_number = sales.entry_number
            and entries.entry_on = sales.entry_on
    left join structures on entries.siren = structures.siren
    left join sites on entries.journal_site_id = sites.site_id
    left join headquarters on structures.structure_id = headquarters.structure_id
),

joined as (
    select
        placed.*,
        budgeted.structure_id is not null as is_budgeted
    from placed
    left join budgeted
        on placed.structure_id = budgeted.structure_id
        and extract(year from placed.entry_on) = budgeted.budget_year
),

final as (
    select
        _key,
        structure_id,
        site_id,
        siren,
        journal_code,
        journal_label,
        entry_number,
        account,
        account_label,
        account_class,
        income_line,
        balance,
        auxiliary_account,
        piece_reference,
        lettering,
        line_number,
        cast(extract(year from end_on) as integer) as fiscal_year,
        fiscal_year_days,
        debit_eur,
        credit_eur,
        cast(case when is_superseded then 0 else credit_eur - debit_eur end as decimal(18, 2)) as amount_eur,
        is_superseded,
        is_budgeted,
        is_sales_vat,
        is_cash_accounting,
        has_rules_of_2025,
        has_unusual_account,
        has_unusual_amounts,
        entry_on,
        piece_on,
        lettered_on,
        validated_on,
        start_on as fiscal_year_start_on,
        end_on as fiscal_year_end_on
    from joined
)

select * from final
