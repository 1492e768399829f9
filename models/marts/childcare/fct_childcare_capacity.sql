with capacity as (
    select * from {{ ref('stg_childcare__capacity') }}
),

final as (
    select
        _key,
        capacity_slot_id,
        structure_id,
        site_id,
        site_id || '-' || cast(open_on as string) as site_day_id,
        slot,
        opens_at,
        slot_hours,
        places,
        cast(places * slot_hours as decimal(18, 2)) as capacity_hours,
        case when slot = 'day' then places else 0 end as day_places,
        open_on
    from capacity
)

select * from final
