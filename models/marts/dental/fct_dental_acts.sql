-- A credit note gives a fee back on its own day: it nets the euros, and is no act.
with acts as (
    select
        *,
        fee_eur < 0 as is_credit_note
    from {{ ref('stg_dental__acts') }}
),

baskets as (
    select * from {{ ref('dental_baskets') }}
),

-- The record has the code of its day; where no basket has such a code on that day, the table of the day says the act's.
tables as (
    select * from {{ ref('dim_dental_act') }}
    where basket <> 'none'
),

caps as (
    select * from {{ ref('dim_parameter') }}
    where parameter = 'dental_fee_cap' and territory = 'france'
),

people as (
    select * from {{ ref('dim_person') }}
),

final as (
    select
        acts._key,
        acts.act_id,
        acts.structure_id,
        acts.site_id,
        acts.chair_key,
        acts.practitioner_id,
        acts.person_id,
        acts.quote_id,
        acts.act_code,
        acts.grouping_code,
        coalesce(baskets.basket, tables.basket, 'unknown') as basket,
        {{ age_band('people.birth_on', 'acts.performed_on') }} as person_age_band,
        coalesce(people.sex, 'unknown') as person_sex,
        people.commune_code as person_commune_code,
        acts.fee_eur,
        acts.base_eur,
        acts.amo_eur,
        acts.amc_eur,
        acts.household_eur,
        cast(caps.value as decimal(18, 2)) as cap_eur,
        coalesce(coalesce(baskets.basket, tables.basket) in ('rac0', 'capped', 'free'), false) as is_prosthetic,
        coalesce(acts.fee_eur > caps.value, false) as is_above_cap,
        acts.is_credit_note,
        acts.performed_on
    from acts
    left join baskets
        on
            acts.grouping_code = baskets.grouping_code
            and acts.performed_on >= baskets.valid_from
            and acts.performed_on <= coalesce(baskets.valid_to, cast('9999-12-31' as date))
    left join tables
        on
            acts.act_code = tables.act_code
            and acts.performed_on >= tables.valid_from
            and acts.performed_on < coalesce(tables.valid_to, cast('9999-12-31' as date))
    left join caps
        on
            acts.act_code = caps.subject
            and acts.performed_on >= caps.valid_from
            and acts.performed_on <= caps.valid_to
    left join people on acts.person_id = people.person_id
)

select * from final
