-- What the group loaded holds on its days; what is shipped holds on all others.
with named as (
    select * from {{ ref('parameter_names') }}
),

stated as (
    select
        parameter,
        subject,
        territory,
        value,
        unit,
        status,
        source,
        'shipped' as origin,
        0 as precedence,
        valid_from,
        coalesce(valid_to, cast('9999-12-31' as date)) as valid_to
    from {{ ref('parameters') }}

    union all

    -- in another unit it would be another amount
    select
        loaded.parameter,
        loaded.subject,
        loaded.territory,
        loaded.value,
        loaded.unit,
        loaded.status,
        loaded.source,
        'loaded' as origin,
        1 as precedence,
        loaded.valid_from,
        coalesce(loaded.valid_to, cast('9999-12-31' as date)) as valid_to
    from {{ ref('stg_group__parameters') }} as loaded
    inner join named on loaded.parameter = named.parameter and loaded.unit = named.unit
),

-- the days on which something begins: between two of them nothing changes
beginnings as (
    select parameter, subject, territory, valid_from as begins_on from stated
    union distinct
    select parameter, subject, territory, cast({{ dbt.dateadd('day', 1, 'valid_to') }} as date) as begins_on
    from stated
    where valid_to < cast('9999-12-31' as date)
),

spans as (
    select
        *,
        coalesce(
            cast({{ dbt.dateadd('day', -1, 'lead(begins_on) over (partition by parameter, subject, territory order by begins_on)') }} as date),
            cast('9999-12-31' as date)
        ) as ends_on
    from beginnings
),

ranked as (
    select
        spans.begins_on,
        spans.ends_on,
        stated.*,
        row_number() over (
            partition by spans.parameter, spans.subject, spans.territory, spans.begins_on
            order by stated.precedence desc, stated.valid_from desc
        ) as place
    from spans
    inner join stated
        on
            spans.parameter = stated.parameter
            and spans.subject = stated.subject
            and spans.territory = stated.territory
            and spans.begins_on >= stated.valid_from
            and spans.begins_on <= stated.valid_to
),

-- spans of one row that follow one another are one period
marked as (
    select
        *,
        case
            when
                lag(precedence) over (partition by parameter, subject, territory order by begins_on) = precedence
                and lag(valid_from) over (partition by parameter, subject, territory order by begins_on) = valid_from
                then 0
            else 1
        end as is_other
    from ranked
    where place = 1
),

numbered as (
    select
        *,
        sum(is_other) over (
            partition by parameter, subject, territory order by begins_on rows unbounded preceding
        ) as period
    from marked
),

-- all spans of a period are of one row: any of them has its values
periods as (
    select
        parameter,
        subject,
        territory,
        min(unit) as unit,
        min(status) as status,
        min(source) as source,
        min(origin) as origin,
        min(value) as value,
        min(begins_on) as valid_from,
        max(ends_on) as valid_to
    from numbered
    group by parameter, subject, territory, period
),

final as (
    select
        periods.parameter,
        named.label_fr,
        named.label_en,
        periods.subject,
        periods.territory,
        periods.unit,
        periods.status,
        periods.source,
        periods.origin,
        cast(periods.value as decimal(18, 6)) as value,
        periods.valid_from,
        periods.valid_to
    from periods
    inner join named on periods.parameter = named.parameter
)

select * from final
