with days as (
    {{ day_spine('2005-01-01', '2035-12-31') }}
),

public_holidays as (
    select * from {{ ref('public_holidays') }}
),

school_holidays as (
    select * from {{ ref('school_holidays') }}
),

free_days as (
    select
        days.date_on,
        max(case when school_holidays.zone = 'A' then 1 else 0 end) as zone_a,
        max(case when school_holidays.zone = 'B' then 1 else 0 end) as zone_b,
        max(case when school_holidays.zone = 'C' then 1 else 0 end) as zone_c
    from days
    inner join school_holidays on days.date_on between school_holidays.first_on and school_holidays.last_on
    group by days.date_on
),

parts as (
    select
        date_on,
        cast(extract(year from date_on) as bigint) as year_number,
        cast(extract(quarter from date_on) as bigint) as quarter_number,
        cast(extract(month from date_on) as bigint) as month_number,
        cast({{ iso_week_part('year', 'date_on') }} as bigint) as iso_year,
        cast({{ iso_week_part('week', 'date_on') }} as bigint) as iso_week,
        cast({{ iso_week_part('day', 'date_on') }} as bigint) as weekday,
        cast({{ dbt.date_trunc('week', 'date_on') }} as date) as week_on,
        cast({{ dbt.date_trunc('month', 'date_on') }} as date) as month_on,
        cast({{ dbt.date_trunc('quarter', 'date_on') }} as date) as quarter_on,
        cast({{ dbt.date_trunc('year', 'date_on') }} as date) as year_on
    from days
),

final as (
    select
        case
            when parts.month_number >= 9
                then parts.year_number || '-' || (parts.year_number + 1)
            else (parts.year_number - 1) || '-' || parts.year_number
        end as school_year,
        public_holidays.name_fr as public_holiday,
        parts.year_number as fiscal_year,
        parts.year_number,
        parts.quarter_number,
        parts.month_number,
        parts.iso_year,
        parts.iso_week,
        parts.weekday,
        parts.weekday >= 6 as is_weekend,
        public_holidays.holiday_on is not null as is_public_holiday,
        parts.weekday < 6 and public_holidays.holiday_on is null as is_working_day,
        coalesce(free_days.zone_a, 0) = 1 as is_school_holiday_zone_a,
        coalesce(free_days.zone_b, 0) = 1 as is_school_holiday_zone_b,
        coalesce(free_days.zone_c, 0) = 1 as is_school_holiday_zone_c,
        parts.date_on,
        parts.week_on,
        parts.month_on,
        parts.quarter_on,
        parts.year_on
    from parts
    left join public_holidays on parts.date_on = public_holidays.holiday_on
    left join free_days on parts.date_on = free_days.date_on
)

select * from final
