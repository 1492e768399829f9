with attendance as (
    select * from {{ ref('stg_childcare__attendance') }}
),

contracts as (
    select * from {{ ref('stg_childcare__contracts') }}
),

parameters as (
    select * from {{ ref('dim_parameter') }}
    where territory = 'france'
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

-- what holds on each day of care
ceilings as (
    select
        days.attended_on,
        max(case when parameter = 'childcare_psu_share' then value end) as share_rate,
        max(case when parameter = 'childcare_psu_band' and subject = 'low' then value end) as low_rate,
        max(case when parameter = 'childcare_psu_band' and subject = 'high' then value end) as high_rate,
        max(case when parameter = 'childcare_psu_ceiling' and subject = 'full' then value end) as full_eur,
        max(case when parameter = 'childcare_psu_ceiling' and subject = 'middle' then value end) as middle_eur,
        max(case when parameter = 'childcare_psu_ceiling' and subject = 'floor' then value end) as floor_eur
    from (select distinct attended_on from attendance) as days
    inner join parameters
        on days.attended_on >= parameters.valid_from and days.attended_on <= parameters.valid_to
    group by days.attended_on
),

-- with a middle ceiling they are steps, without one a straight line
priced as (
    select
        rated.*,
        cast(ceilings.share_rate as double) as share_rate,
        cast(
            case
                when coalesce(rated.billing_rate, 1) <= ceilings.low_rate then ceilings.full_eur
                when rated.billing_rate > ceilings.high_rate then ceilings.floor_eur
                when ceilings.middle_eur is not null then ceilings.middle_eur
                else
                    ceilings.full_eur
                    + (rated.billing_rate - ceilings.low_rate) / (ceilings.high_rate - ceilings.low_rate)
                    * (ceilings.floor_eur - ceilings.full_eur)
            end as double
        ) as ceiling_eur
    from rated
    left join ceilings on rated.attended_on = ceilings.attended_on
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
