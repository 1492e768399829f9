with records as (
    {{ current_records(source('childcare', 'childcare_capacity')) }}
),

final as (
    select
        _key,
        _batch,
        _file,
        _line,
        site_id || '-' || cast(open_on as string) || '-' || slot as capacity_slot_id,
        structure_id,
        site_id,
        open_on,
        slot,
        opens_at,
        slot_hours,
        places,
        changed_at
    from records
)

select * from final
