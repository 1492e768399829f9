with records as (
    {{ current_records(source('audio', 'audio_prescriptions')) }}
),

final as (
    select
        _key,
        _batch,
        _file,
        _line,
        prescription_id,
        structure_id,
        site_id,
        person_id,
        prescriber_id,
        prescriber_speciality,
        prescriber_speciality = 'SM39' as is_ent,
        is_first_equipment,
        prescribed_on,
        received_on,
        changed_at
    from records
)

select * from final
