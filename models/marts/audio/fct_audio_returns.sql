with returns as (
    select * from {{ ref('stg_audio__returns') }}
),

fittings as (
    select fitting_id, device_class, fitted_on from {{ ref('stg_audio__fittings') }}
),

people as (
    select person_id, birth_on, sex, commune_code from {{ ref('dim_person') }}
),

final as (
    select
        returns._key,
        returns.return_id,
        returns.structure_id,
        returns.site_id,
        returns.person_id,
        returns.fitting_id,
        returns.return_reason,
        fittings.device_class,
        {{ age_band('people.birth_on', 'returns.returned_on') }} as person_age_band,
        people.sex as person_sex,
        people.commune_code as person_commune_code,
        returns.refund_eur,
        returns.refund_excl_vat_eur,
        {{ delay_days('fittings.fitted_on', 'returns.returned_on') }} as days_from_fitting,
        returns.returned_on
    from returns
    left join fittings on returns.fitting_id = fittings.fitting_id
    left join people on returns.person_id = people.person_id
)

select * from final
