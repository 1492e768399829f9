with attendance as (
    select * from {{ ref('stg_childcare__attendance') }}
),

contracts as (
    select * from {{ ref('stg_childcare__contracts') }}
),

ceilings as (
    select * from {{ ref('childcare_psu_ceilings') }}
),

people as (
    select * from {{ ref('dim_person') }}
),

-- the billing rate that sets a day's ceiling is the nursery's, over the calendar year
rated as (
    select
        *,
        cast(sum(billed_hours) over nursery_year as double)
        / nullif(cast(sum(attended_hours) over nursery_year as double), 0) as billing_rate
    from attendance
    window nursery_year as (partition by site_id, extract(year from attended_on))
),

priced as (
    select
        rated.*,
        ceilings.share_rate,
        case
            when ceilings.rule is null then null
            when coalesce(rated.billing_rate, 1) <= ceilings.low_rate then ceilings.full_eur
            when ceilings.rule = 'steps' and rated.billing_rate <= ceilings.high_rate then ceilings.middle_eur
            when ceilings.rule = 'steps' or rated.billing_rate >= ceilings.high_rate then ceilings.floor_eur
            else
                ceilings.full_eur
                + (rated.billing_rate - ceilings.low_rate) / (ceilings.high_rate - ceilings.low_rate)
                * (ceilings.floor_eur - ceilings.full_eur)
        end as ceiling_eur
    from rated
    left join ceilings
        on
            rated.attended_on >= ceilings.valid_from
            and rated.attended_on <= coalesce(ceilings.valid_to, cast('9999-12-31' as date))
),

final as (
    select
        priced._key,
        priced.attendance_id,
        priced.structure_id,
        priced.site_id,
        priced.contract_id,
        priced.person_id,
        coalesce(contracts.care_type, 'unknown') as care_type,
        case
            when contracts.child_born_month is null then 'unknown'
            when {{ age_years('contracts.child_born_month', 'priced.attended_on') }} < 1 then '0'
            when {{ age_years('contracts.child_born_month', 'priced.attended_on') }} < 2 then '1'
            when {{ age_years('contracts.child_born_month', 'priced.attended_on') }} < 3 then '2'
            else '3+'
        end as child_age,
        coalesce(people.sex, 'unknown') as person_sex,
        people.commune_code as person_commune_code,
        priced.arrived_at,
        priced.left_at,
        coalesce(priced.absence_reason, 'none') as absence_reason,
        priced.booked_hours,
        priced.billed_hours,
        priced.attended_hours,
        cast(round(priced.ceiling_eur, 4) as decimal(18, 4)) as psu_ceiling_eur,
        cast(
            round(
                priced.billed_hours * (priced.share_rate * priced.ceiling_eur - coalesce(contracts.hourly_fee_eur, 0)), 2
            ) as decimal(18, 2)
        ) as psu_eur,
        priced.attended_hours = 0 as is_absent,
        priced.attended_on
    from priced
    left join contracts on priced.contract_id = contracts.contract_id
    left join people on priced.person_id = people.person_id
)

select * from final
