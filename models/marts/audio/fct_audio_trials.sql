with trials as (
    select * from {{ ref('stg_audio__trials') }}
),

people as (
    select person_id, birth_on, sex, commune_code from {{ ref('dim_person') }}
),

final as (
    select
        trials._key,
        trials.trial_id,
        trials.structure_id,
        trials.site_id,
        trials.person_id,
        trials.prescription_id,
        trials.audiologist_code,
        trials.ears,
        trials.device_class,
        trials.outcome,
        trials.abandon_reason,
        {{ age_band('people.birth_on', 'trials.started_on') }} as person_age_band,
        people.sex as person_sex,
        people.commune_code as person_commune_code,
        trials.quoted_eur,
        trials.wear_hours,
        trials.adjustments,
        trials.devices_tried,
        {{ delay_days('trials.started_on', 'trials.ended_on') }} as trial_days,
        trials.is_closed,
        trials.is_fitted,
        trials.started_on,
        trials.ended_on
    from trials
    left join people on trials.person_id = people.person_id
)

select * from final
