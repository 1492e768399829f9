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

-- The last line of the newest whole delivery of each FEC: what an older one had beyond it is superseded.
ends as (
    select siren, fiscal_year_end_on, line_number, _batch, _file
    from (
        select
            *,
            row_number() over (
                partition by siren, fiscal_year_end_on
                order by _batch desc, _file desc, line_number desc
            ) as recency
        from entries
        where is_last_line
    ) as marked
    where recency = 1
),

placed as (
    select
        entries.*,
        accounts.account_class,
        accounts.income_line,
        accounts.balance,
        coalesce(structures.structure_id, entries.siren) as structure_id,
        coalesce(sites.site_id, headquarters.site_id) as site_id,
        coalesce(
            entries.line_number > ends.line_number
            and (entries._batch < ends._batch or (entries._batch = ends._batch and entries._file < ends._file)),
            false
        ) as is_superseded
    from entries
    left join accounts
        on entries.account = accounts.account and entries.fiscal_year_end_on = accounts.fiscal_year_end_on
    left join structures on entries.siren = structures.siren
    left join sites on entries.journal_site_id = sites.site_id
    left join headquarters on structures.structure_id = headquarters.structure_id
    left join ends
        on entries.siren = ends.siren and entries.fiscal_year_end_on = ends.fiscal_year_end_on
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
        fiscal_year,
        debit_eur,
        credit_eur,
        cast(case when is_superseded then 0 else credit_eur - debit_eur end as decimal(18, 2)) as amount_eur,
        is_superseded,
        is_budgeted,
        has_unusual_account,
        has_unusual_amounts,
        entry_on,
        piece_on,
        lettered_on,
        validated_on,
        fiscal_year_start_on,
        fiscal_year_end_on
    from joined
)

select * from final
