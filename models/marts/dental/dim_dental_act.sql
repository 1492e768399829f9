with ccam as (
    select * from {{ ref('stg_dental__ccam') }}
),

baskets as (
    select * from {{ ref('dental_baskets') }}
),

versions as (
    select
        valid_from,
        lead(valid_from) over (order by valid_from) as next_from
    from (select distinct valid_from from ccam) as dated
),

-- the practitioner's own part of the act; an act in several phases is known by its first
acts as (
    select
        ccam.*,
        row_number() over (partition by ccam.act_code, ccam.valid_from order by ccam.phase) as phase_rank
    from ccam
    where ccam.activity = 1
),

dated as (
    select
        acts.act_code,
        acts.act_label,
        acts.grouping_code,
        coalesce(baskets.basket, 'none') as basket,
        acts.base_eur,
        acts.is_covered,
        acts.ccam_version,
        case
            when baskets.valid_from > acts.valid_from then baskets.valid_from
            else acts.valid_from
        end as valid_from,
        case
            when baskets.valid_to < versions.next_from then {{ dbt.dateadd('day', 1, 'baskets.valid_to') }}
            when versions.next_from is null and baskets.valid_to is not null
                then {{ dbt.dateadd('day', 1, 'baskets.valid_to') }}
            else versions.next_from
        end as valid_to
    from acts
    inner join versions on acts.valid_from = versions.valid_from
    left join baskets
        on
            acts.grouping_code = baskets.grouping_code
            and (baskets.valid_to is null or baskets.valid_to >= acts.valid_from)
            and (versions.next_from is null or baskets.valid_from < versions.next_from)
    where acts.phase_rank = 1
),

final as (
    select
        act_code,
        act_label,
        grouping_code,
        basket,
        base_eur,
        ccam_version,
        is_covered,
        cast(valid_from as date) as valid_from,
        cast(valid_to as date) as valid_to,
        row_number() over (partition by act_code order by valid_from desc) = 1 as is_current
    from dated
)

select * from final
