with entries as (
    select
        siren,
        fiscal_year_end_on as named_end_on,
        line_number,
        is_last_line,
        is_opening,
        entry_on,
        _batch,
        _file
    from {{ ref('stg_finance__entries') }}
),

structures as (
    select structure_id, siren from {{ ref('dim_structure') }}
),

parameters as (
    select * from {{ ref('dim_parameter') }}
    where territory = 'france'
),

-- The last line of the newest whole delivery of each FEC: what an older one had beyond it is superseded.
ends as (
    select siren, named_end_on, line_number, _batch, _file
    from (
        select
            *,
            row_number() over (
                partition by siren, named_end_on
                order by _batch desc, _file desc, line_number desc
            ) as recency
        from entries
        where is_last_line
    ) as marked
    where recency = 1
),

current_entries as (
    select
        entries.*,
        ends.line_number as last_line_number,
        ends._batch as last_batch,
        ends._file as last_file,
        -- no fiscal year has more than 24 months
        entries.entry_on <= entries.named_end_on
        and entries.entry_on > {{ dbt.dateadd('month', -24, 'entries.named_end_on') }} as is_of_named_year
    from entries
    left join ends on entries.siren = ends.siren and entries.named_end_on = ends.named_end_on
    where
        ends.line_number is null
        or entries.line_number <= ends.line_number
        or entries._batch > ends._batch
        or (entries._batch = ends._batch and entries._file >= ends._file)
),

found as (
    select
        siren,
        named_end_on,
        last_line_number,
        last_batch,
        last_file,
        -- the name is believed when most entries are of such a year: it can be a mask
        avg(case when is_of_named_year then 1.0 else 0.0 end) >= 0.5 as is_named,
        min(case when is_of_named_year then entry_on end) as first_of_named_on,
        min(case when is_of_named_year and is_opening then entry_on end) as opening_of_named_on,
        min(entry_on) as first_on,
        min(case when is_opening then entry_on end) as opening_on,
        max(entry_on) as last_on
    from current_entries
    group by siren, named_end_on, last_line_number, last_batch, last_file
),

dated as (
    select
        siren,
        named_end_on,
        last_line_number,
        last_batch,
        last_file,
        case when is_named then first_of_named_on else first_on end as first_on,
        case when is_named then opening_of_named_on else opening_on end as opening_on,
        case when is_named then named_end_on else {{ dbt.last_day('last_on', 'month') }} end as end_on
    from found
),

followed as (
    select
        *,
        lag(end_on) over (partition by siren order by end_on, named_end_on) as previous_end_on
    from dated
),

started as (
    select
        *,
        cast(
            case
                -- the day after the year before, unless a year is missing between them
                when first_on >= previous_end_on and first_on <= {{ dbt.dateadd('month', 12, 'previous_end_on') }}
                    then {{ dbt.dateadd('day', 1, 'previous_end_on') }}
                -- some software dates the opening balances on the last day of the year before
                when opening_on = first_on and opening_on = {{ dbt.last_day('opening_on', 'month') }}
                    then {{ dbt.dateadd('day', 1, 'opening_on') }}
                when opening_on = first_on then opening_on
                else {{ dbt.date_trunc('month', 'first_on') }}
            end as date
        ) as start_on
    from followed
),

ruled as (
    select
        started.siren,
        started.named_end_on,
        structures.structure_id,
        parameters.parameter,
        parameters.value,
        row_number() over (
            partition by started.siren, started.named_end_on, parameters.parameter
            order by case when parameters.subject = 'all' then 1 else 0 end
        ) as closeness
    from started
    left join structures on started.siren = structures.siren
    inner join parameters
        on
            parameters.parameter in ('finance_chart_2025', 'finance_non_profit_chart')
            and parameters.subject in ('all', started.siren, structures.structure_id)
            and started.start_on >= parameters.valid_from
            and started.start_on <= parameters.valid_to
),

rules as (
    select
        siren,
        named_end_on,
        max(case when parameter = 'finance_chart_2025' then value end) = 1 as has_rules_of_2025,
        max(case when parameter = 'finance_non_profit_chart' then value end) = 1 as is_non_profit
    from ruled
    where closeness = 1
    group by siren, named_end_on
),

final as (
    select
        started.siren || '/' || cast(started.named_end_on as {{ dbt.type_string() }}) as fiscal_year_id,
        started.siren,
        case when coalesce(rules.is_non_profit, false) then 'non_profit' else 'general' end as chart,
        started.last_line_number,
        started.last_batch,
        started.last_file,
        cast({{ dbt.datediff('started.start_on', 'started.end_on', 'day') }} + 1 as integer) as days,
        coalesce(rules.has_rules_of_2025, false) as has_rules_of_2025,
        started.named_end_on,
        started.start_on,
        cast(started.end_on as date) as end_on,
        started.previous_end_on,
        -- the mapping of accounts is dated by the day on which the year opened, or as if it had opened under its rules
        case
            when coalesce(rules.has_rules_of_2025, false) and started.start_on < cast('2025-01-01' as date)
                then cast('2025-01-01' as date)
            when not coalesce(rules.has_rules_of_2025, false) and started.start_on >= cast('2025-01-01' as date)
                then cast('2024-12-31' as date)
            else started.start_on
        end as rules_on
    from started
    left join rules on started.siren = rules.siren and started.named_end_on = rules.named_end_on
)

select * from final
