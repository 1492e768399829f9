with prescriptions as (
    select * from {{ ref('stg_audio__prescriptions') }}
),

people as (
    select person_id, birth_on, sex, commune_code from {{ ref('dim_person') }}
),

final as (
    select
        prescriptions._key,
        prescriptions.prescription_id,
        prescriptions.structure_id,
        prescriptions.site_id,
        prescriptions.person_id,
        prescriptions.prescriber_id,
        prescriptions.prescriber_speciality,
        {{ age_band('people.birth_on', 'prescriptions.prescribed_on') }} as person_age_band,
        people.sex as person_sex,
        people.commune_code as person_commune_code,
        prescriptions.is_ent,
        prescriptions.is_first_equipment,
        prescriptions.prescribed_on,
        prescriptions.received_on
    from prescriptions
    left join people on prescriptions.person_id = people.person_id
)

select * from final
