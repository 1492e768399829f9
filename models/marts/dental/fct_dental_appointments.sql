with appointments as (
    select * from {{ ref('stg_dental__appointments') }}
),

people as (
    select * from {{ ref('dim_person') }}
),

final as (
    select
        appointments._key,
        appointments.appointment_id,
        appointments.structure_id,
        appointments.site_id,
        appointments.chair_key,
        appointments.practitioner_id,
        appointments.person_id,
        appointments.reason,
        coalesce(appointments.channel, 'unknown') as channel,
        appointments.status,
        {{ age_band('people.birth_on', 'appointments.appointment_on') }} as person_age_band,
        coalesce(people.sex, 'unknown') as person_sex,
        people.commune_code as person_commune_code,
        appointments.start_time,
        appointments.duration_minutes,
        cast(
            case when appointments.status = 'cancelled' then 0 else appointments.duration_minutes / 60.0 end
            as decimal(18, 4)
        ) as booked_hours,
        cast(
            case when appointments.status = 'honoured' then appointments.duration_minutes / 60.0 else 0 end
            as decimal(18, 4)
        ) as honoured_hours,
        {{ delay_days('appointments.booked_on', 'appointments.appointment_on') }} as lead_days,
        appointments.is_new_patient,
        appointments.is_reminded,
        appointments.status in ('honoured', 'no_show') as is_expected,
        appointments.status = 'no_show' as is_no_show,
        appointments.booked_on,
        appointments.appointment_on
    from appointments
    left join people on appointments.person_id = people.person_id
)

select * from final
