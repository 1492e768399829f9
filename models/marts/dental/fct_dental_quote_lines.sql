with lines as (
    select * from {{ ref('stg_dental__quote_lines') }}
),

baskets as (
    select * from {{ ref('dental_baskets') }}
),

-- The record has the code of its day; where no basket has such a code on that day, the table of the day says the act's.
tables as (
    select * from {{ ref('dim_dental_act') }}
    where basket <> 'none'
),

people as (
    select * from {{ ref('dim_person') }}
),

final as (
    select
        lines._key,
        lines.quote_line_id,
        lines.quote_id,
        lines.structure_id,
        lines.site_id,
        lines.practitioner_id,
        lines.person_id,
        lines.act_code,
        lines.grouping_code,
        coalesce(baskets.basket, tables.basket, 'unknown') as basket,
        lines.status,
        {{ age_band('people.birth_on', 'lines.quoted_on') }} as person_age_band,
        coalesce(people.sex, 'unknown') as person_sex,
        people.commune_code as person_commune_code,
        lines.fee_eur,
        cast(case when lines.status = 'accepted' then lines.fee_eur else 0 end as decimal(18, 2)) as accepted_eur,
        {{ delay_days('lines.quoted_on', 'lines.decided_on') }} as decision_days,
        lines.status <> 'pending' as is_decided,
        lines.status = 'accepted' as is_accepted,
        lines.quoted_on,
        lines.decided_on
    from lines
    left join baskets
        on
            lines.grouping_code = baskets.grouping_code
            and lines.quoted_on >= baskets.valid_from
            and lines.quoted_on <= coalesce(baskets.valid_to, cast('9999-12-31' as date))
    left join tables
        on
            lines.act_code = tables.act_code
            and lines.quoted_on >= tables.valid_from
            and lines.quoted_on < coalesce(tables.valid_to, cast('9999-12-31' as date))
    left join people on lines.person_id = people.person_id
)

select * from final
