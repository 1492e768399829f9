-- At what time chairs are open, and taken. The rows of a day add up to that day's open and booked hours: a chair whose
-- planning doesn't say when it opens has both in one row without an hour.
with chairs as (
    select
        structure_id,
        site_id,
        chair_key,
        opened_on,
        open_hours * 60 as open_minutes,
        {{ minute_of_day('opens_at') }} as opens_minute
    from {{ ref('stg_dental__chairs') }}
    where open_hours > 0
),

slots as (
    select
        appointments.structure_id,
        appointments.site_id,
        appointments.chair_key,
        appointments.appointment_on,
        appointments.duration_minutes,
        case
            when chairs.chair_key is null or chairs.opens_minute is not null
                then {{ minute_of_day('appointments.start_time') }}
        end as start_minute
    from {{ ref('stg_dental__appointments') }} as appointments
    left join chairs
        on appointments.chair_key = chairs.chair_key and appointments.appointment_on = chairs.opened_on
    where appointments.status <> 'cancelled'
),

hours as (
    {{ clock_hours() }}
),

spans as (
    select
        structure_id,
        site_id,
        chair_key,
        opened_on as day_on,
        opens_minute as from_minute,
        opens_minute + open_minutes as to_minute,
        open_minutes,
        0 as booked_minutes
    from chairs

    union all

    select
        structure_id,
        site_id,
        chair_key,
        appointment_on as day_on,
        start_minute as from_minute,
        start_minute + duration_minutes as to_minute,
        0 as open_minutes,
        duration_minutes as booked_minutes
    from slots
),

-- A span has one row for each hour that it touches, or one without an hour.
parts as (
    select
        spans.structure_id,
        spans.site_id,
        spans.chair_key,
        spans.day_on,
        hours.clock_hour,
        case
            when hours.clock_hour is null then spans.open_minutes + spans.booked_minutes
            else least(spans.to_minute, hours.to_minute) - greatest(spans.from_minute, hours.from_minute)
        end as minutes,
        spans.open_minutes > 0 as is_open
    from spans
    left join hours on spans.from_minute < hours.to_minute and spans.to_minute > hours.from_minute
),

final as (
    select
        structure_id || '/' || chair_key || '/' || cast(day_on as {{ dbt.type_string() }})
        || coalesce('/' || cast(clock_hour as {{ dbt.type_string() }}), '') as chair_hour_id,
        structure_id,
        site_id,
        chair_key,
        cast({{ iso_week_part('day', 'day_on') }} as bigint) as weekday,
        clock_hour,
        cast(sum(case when is_open then minutes else 0 end) / 60.0 as decimal(18, 4)) as open_hours,
        cast(sum(case when is_open then 0 else minutes end) / 60.0 as decimal(18, 4)) as booked_hours,
        day_on
    from parts
    group by structure_id, site_id, chair_key, day_on, clock_hour
)

select * from final
