with records as (
    {{ current_records(source('audio', 'audio_trials')) }}
),

final as (
    select
        _key,
        _batch,
        _file,
        _line,
        trial_id,
        structure_id,
        site_id,
        person_id,
        prescription_id,
        audiologist_code,
        ears,
        device_class,
        outcome,
        abandon_reason,
        quoted_eur,
        wear_hours,
        adjustments,
        case when ears = 'both' then 2 else 1 end as devices_tried,
        outcome in ('fitted', 'abandoned') as is_closed,
        outcome = 'fitted' as is_fitted,
        started_on,
        ended_on,
        changed_at
    from records
)

select * from final
