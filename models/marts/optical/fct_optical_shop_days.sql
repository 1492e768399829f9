-- What "a day and a shop" and "a shop and a year" divide by: every day on which a shop existed, open or not, from the
-- first to the last sale known. Counting only days with sales would make a slow shop look busy.
with sites as (
    select
        *,
        coalesce(opened_on, valid_from) as exists_from_on
    from {{ ref('dim_site') }}
    where line = 'optical'
),

calendar as (
    select date_on, weekday, is_public_holiday from {{ ref('dim_calendar') }}
),

bounds as (
    select min(sold_on) as first_on, max(sold_on) as last_on from {{ ref('fct_optical_sale_lines') }}
),

final as (
    select
        sites._key,
        sites.site_id || '/' || cast(calendar.date_on as {{ dbt.type_string() }}) as shop_day_id,
        sites.structure_id,
        sites.site_id,
        calendar.weekday < 7 and not calendar.is_public_holiday as is_open,
        calendar.date_on as day_on
    from sites
    cross join bounds
    inner join calendar
        on
            calendar.date_on >= bounds.first_on
            and calendar.date_on <= bounds.last_on
            and calendar.date_on >= sites.valid_from
            and calendar.date_on >= sites.exists_from_on
            and (sites.valid_to is null or calendar.date_on < sites.valid_to)
)

select * from final
