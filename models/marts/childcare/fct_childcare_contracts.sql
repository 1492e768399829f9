with contracts as (
    select * from {{ ref('stg_childcare__contracts') }}
),

caps as (
    select * from {{ ref('childcare_income_caps') }}
),

people as (
    select * from {{ ref('dim_person') }}
),

communes as (
    select * from {{ ref('dim_commune') }}
),

final as (
    select
        contracts._key,
        contracts.contract_id,
        contracts.structure_id,
        contracts.site_id,
        contracts.person_id,
        contracts.care_type,
        coalesce(people.sex, 'unknown') as person_sex,
        people.commune_code as person_commune_code,
        communes.postcode as family_postcode,
        communes.commune_name as family_town,
        contracts.regime,
        contracts.weekly_hours,
        contracts.dependent_children,
        contracts.monthly_income_eur,
        cast(least(contracts.monthly_income_eur, caps.cap_eur) as decimal(18, 2)) as counted_income_eur,
        contracts.effort_rate,
        contracts.hourly_fee_eur,
        cast(
            round(least(contracts.monthly_income_eur, caps.cap_eur) * contracts.effort_rate, 2) as decimal(18, 2)
        ) as scale_fee_eur,
        coalesce(people.birth_on, contracts.child_born_month) as child_born_on,
        contracts.starts_on,
        contracts.ends_on
    from contracts
    left join caps
        on
            contracts.starts_on >= caps.valid_from
            and contracts.starts_on <= coalesce(caps.valid_to, cast('9999-12-31' as date))
    left join people on contracts.person_id = people.person_id
    left join communes on people.commune_code = communes.commune_code
)

select * from final
