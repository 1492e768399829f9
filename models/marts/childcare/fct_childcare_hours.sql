-- At what time places are open, and taken. When a child was there is told by its badge, for how long by its attended
-- hours, so that the rows of a day add up to its attended hours and its capacity. What no time is known of is in one
-- row without an hour: so is the capacity of a day that nobody badged, which would otherwise look empty.
with attendance as (
    select
        structure_id,
        site_id,
        attended_on,
        {{ minute_of_day('arrived_at') }} as arrived_minute,
        {{ minute_of_day('left_at') }} as left_minute,
        sum(attended_hours) as attended_hours
    from {{ ref('stg_childcare__attendance') }}
    where attended_hours > 0
    group by structure_id, site_id, attended_on, arrived_at, left_at
),

stays as (
    select
        structure_id,
        site_id,
        attended_on,
        case when arrived_minute < left_minute then arrived_minute end as from_minute,
        case when arrived_minute < left_minute then left_minute end as to_minute,
        attended_hours
    from attendance
),

unbadged as (
    select
        structure_id,
        site_id,
        attended_on
    from stays
    group by structure_id, site_id, attended_on
    having count(from_minute) = 0
),

capacity as (
    select
        slots.structure_id,
        slots.site_id,
        slots.open_on,
        case when unbadged.site_id is null then {{ minute_of_day('slots.opens_at') }} end as from_minute,
        slots.slot_hours * 60 as slot_minutes,
        slots.places * slots.slot_hours as capacity_hours
    from {{ ref('stg_childcare__capacity') }} as slots
    left join unbadged
        on slots.structure_id = unbadged.structure_id
        and slots.site_id = unbadged.site_id
        and slots.open_on = unbadged.attended_on
),

hours as (
    {{ clock_hours() }}
),

spans as (
    select
        structure_id,
        site_id,
        open_on as day_on,
        from_minute,
        from_minute + slot_minutes as to_minute,
        capacity_hours,
        0 as attended_hours
    from capacity

    union all

    select
        structure_id,
        site_id,
        attended_on as day_on,
        from_minute,
        to_minute,
        0 as capacity_hours,
        attended_hours
    from stays
),

-- A span has one row for each hour that it touches, or one without an hour.
parts as (
    select
        spans.structure_id,
        spans.site_id,
        spans.day_on,
        hours.clock_hour,
        spans.capacity_hours,
        spans.attended_hours,
        case
            when hours.clock_hour is null then 1
            else
                (least(spans.to_minute, hours.to_minute) - greatest(spans.from_minute, hours.from_minute))
                / cast(spans.to_minute - spans.from_minute as double)
        end as share
    from spans
    left join hours on spans.from_minute < hours.to_minute and spans.to_minute > hours.from_minute
),

final as (
    select
        structure_id || '/' || site_id || '/' || cast(day_on as {{ dbt.type_string() }})
        || coalesce('/' || cast(clock_hour as {{ dbt.type_string() }}), '') as nursery_hour_id,
        structure_id,
        site_id,
        cast({{ iso_week_part('day', 'day_on') }} as bigint) as weekday,
        clock_hour,
        cast(sum(capacity_hours * share) as decimal(18, 4)) as capacity_hours,
        cast(sum(attended_hours * share) as decimal(18, 4)) as attended_hours,
        day_on
    from parts
    group by structure_id, site_id, day_on, clock_hour
)

select * from final
