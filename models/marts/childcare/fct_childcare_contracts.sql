with contracts as (
    select
        *,
        -- what the record says holds from its last change on, within the contract
        case
            when ends_on < {{ paris_day('changed_at') }} then ends_on
            when starts_on > {{ paris_day('changed_at') }} then starts_on
            else {{ paris_day('changed_at') }}
        end as terms_on
    from {{ ref('stg_childcare__contracts') }}
),

parameters as (
    select * from {{ ref('dim_parameter') }}
    where territory = 'france'
),

-- what the national scale counts of an income on each day
bounds as (
    select
        days.terms_on,
        max(case when parameter = 'childcare_income_floor' then value end) as floor_eur,
        max(case when parameter = 'childcare_income_cap' then value end) as cap_eur
    from (select distinct terms_on from contracts) as days
    inner join parameters
        on days.terms_on >= parameters.valid_from and days.terms_on <= parameters.valid_to
    group by days.terms_on
),

-- a rate holds for its number of children and for more, up to the next number that has one
scales as (
    select
        contracts.contract_id,
        parameters.value as effort_rate,
        row_number() over (
            partition by contracts.contract_id order by cast(parameters.subject as integer) desc
        ) as closeness
    from contracts
    inner join parameters
        on
            parameters.parameter = 'childcare_effort_rate'
            and contracts.terms_on >= parameters.valid_from
            and contracts.terms_on <= parameters.valid_to
            and cast(parameters.subject as integer) <= contracts.dependent_children
),

people as (
    select * from {{ ref('dim_person') }}
),

communes as (
    select * from {{ ref('dim_commune') }}
),

counted as (
    select
        contracts.*,
        cast(
            case
                when bounds.floor_eur is null or bounds.cap_eur is null then null
                when contracts.monthly_income_eur < bounds.floor_eur then bounds.floor_eur
                when contracts.monthly_income_eur > bounds.cap_eur then bounds.cap_eur
                else contracts.monthly_income_eur
            end as decimal(18, 2)
        ) as counted_income_eur
    from contracts
    left join bounds on contracts.terms_on = bounds.terms_on
),

final as (
    select
        counted._key,
        counted.contract_id,
        counted.structure_id,
        counted.site_id,
        counted.person_id,
        counted.care_type,
        coalesce(people.sex, 'unknown') as person_sex,
        people.commune_code as person_commune_code,
        communes.postcode as family_postcode,
        communes.commune_name as family_town,
        counted.regime,
        counted.weekly_hours,
        counted.dependent_children,
        counted.monthly_income_eur,
        counted.counted_income_eur,
        counted.effort_rate,
        scales.effort_rate as scale_effort_rate,
        counted.hourly_fee_eur,
        cast(round(counted.counted_income_eur * counted.effort_rate, 2) as decimal(18, 2)) as scale_fee_eur,
        coalesce(people.birth_on, counted.child_born_month) as child_born_on,
        counted.terms_on,
        counted.starts_on,
        counted.ends_on
    from counted
    left join scales on counted.contract_id = scales.contract_id and scales.closeness = 1
    left join people on counted.person_id = people.person_id
    left join communes on people.commune_code = communes.commune_code
)

select * from final
