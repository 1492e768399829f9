with records as (
    {{ current_records(source('dental', 'dental_chairs')) }}
),

final as (
    select
        _key,
        _batch,
        _file,
        _line,
        site_id || '-' || chair_id || '-' || cast(opened_on as string) as chair_day_id,
        site_id || '-' || chair_id as chair_key,
        structure_id,
        site_id,
        chair_id,
        opened_on,
        practitioner_id,
        opens_at,
        open_hours
    from records
)

select * from final
