with records as (
    {{ current_records(source('audio', 'audio_sessions')) }}
),

final as (
    select
        _key,
        _batch,
        _file,
        _line,
        session_id,
        structure_id,
        site_id,
        person_id,
        trial_id,
        act_code,
        session_kind,
        status,
        duration_minutes,
        session_kind <> 'yearly' as is_first_year,
        status <> 'cancelled' as is_due,
        status = 'done' as is_done,
        due_on,
        done_on,
        changed_at
    from records
)

select * from final
