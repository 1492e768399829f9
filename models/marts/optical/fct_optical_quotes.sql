with quotes as (
    select * from {{ ref('stg_optical__quotes') }}
),

people as (
    select person_id, birth_on, sex, commune_code from {{ ref('dim_person') }}
),

final as (
    select
        quotes._key,
        quotes.quote_id,
        quotes.structure_id,
        quotes.site_id,
        quotes.person_id,
        quotes.sale_id,
        quotes.optician_code,
        quotes.equipment,
        quotes.lens_design,
        quotes.last_stage,
        quotes.outcome,
        quotes.refusal_reason,
        {{ age_band('people.birth_on', 'quotes.quoted_on') }} as person_age_band,
        people.sex as person_sex,
        people.commune_code as person_commune_code,
        quotes.amount_eur,
        quotes.amo_eur,
        quotes.amc_eur,
        {{ delay_days('quotes.quoted_on', 'quotes.decided_on') }} as days_to_decision,
        quotes.is_class_a,
        quotes.is_decided,
        quotes.is_sold,
        quotes.quoted_on,
        quotes.decided_on
    from quotes
    left join people on quotes.person_id = people.person_id
)

select * from final
