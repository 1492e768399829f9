with claims as (
    select * from {{ ref('stg_optical__claims') }}
),

people as (
    select person_id, birth_on, sex, commune_code from {{ ref('dim_person') }}
),

final as (
    select
        claims._key,
        claims.claim_id,
        claims.structure_id,
        claims.site_id,
        claims.person_id,
        claims.sale_id,
        claims.payer,
        claims.status,
        claims.rejection_code,
        {{ age_band('people.birth_on', 'claims.sent_on') }} as person_age_band,
        people.sex as person_sex,
        people.commune_code as person_commune_code,
        claims.claimed_eur,
        claims.paid_eur,
        {{ delay_days('claims.sent_on', 'claims.answered_on') }} as days_to_answer,
        claims.is_answered,
        claims.is_paid,
        claims.is_rejected,
        coalesce(claims.claimed_eur < 0 or claims.paid_eur < 0, false) as is_credit_note,
        claims.sent_on,
        claims.answered_on
    from claims
    left join people on claims.person_id = people.person_id
)

select * from final
