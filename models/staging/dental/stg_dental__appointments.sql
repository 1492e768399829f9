with records as (
    {{ current_records(source('dental', 'dental_appointments')) }}
),

final as (
    select
        _key,
        _batch,
        _file,
        _line,
        site_id || '-' || chair_id as chair_key,
        appointment_id,
        structure_id,
        site_id,
        chair_id,
        practitioner_id,
        person_id,
        appointment_on,
        start_time,
        duration_minutes,
        booked_on,
        reason,
        channel,
        status,
        is_new_patient,
        is_reminded,
        changed_at
    from records
)

select * from final
