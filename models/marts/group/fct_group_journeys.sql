-- A journey starts with the first thing that a person was served of a line, and leads to another line if that served
-- them later. Both happen anywhere in the group: people do not know where one structure ends and the next begins.
-- A refund, an absence or an invoice serves nobody, and contact lenses are not glasses: left out.
with served as (
    select *
    from {{ ref('fct_group_services') }}
    where is_served and service in ('hearing_aid', 'dental_act', 'glasses', 'care_day')
),

lines as (
    select business_line, max(served_on) as known_until_on
    from served
    group by business_line
),

days as (
    select distinct person_id, business_line, served_on from served
),

ranked as (
    select
        *,
        row_number() over (partition by person_id, business_line order by served_on, _key) as place
    from served
),

starts as (
    select
        _key,
        structure_id,
        site_id,
        person_id,
        business_line,
        person_age_band,
        person_sex,
        person_commune_code,
        served_on as started_on,
        cast({{ dbt.dateadd('month', 24, 'served_on') }} as date) as followed_until_on
    from ranked
    where place = 1
),

-- the first day in the other line after the start, if there is one
nexts as (
    select
        starts.person_id,
        starts.business_line,
        days.business_line as next_line,
        min(case when days.served_on > starts.started_on then days.served_on end) as next_served_on,
        min(days.served_on) > min(starts.started_on) as is_new_to_next_line
    from starts
    inner join days
        on
            starts.person_id = days.person_id
            and starts.business_line <> days.business_line
    group by starts.person_id, starts.business_line, days.business_line
),

final as (
    select
        starts._key,
        starts.person_id || '/' || starts.business_line || '/' || lines.business_line as journey_id,
        starts.structure_id,
        starts.site_id,
        starts.person_id,
        starts.business_line as first_line,
        lines.business_line as next_line,
        starts.person_age_band,
        starts.person_sex,
        starts.person_commune_code,
        case
            when nexts.next_served_on <= starts.followed_until_on
                then {{ dbt.datediff('starts.started_on', 'nexts.next_served_on', 'day') }}
        end as days_to_next,
        coalesce(nexts.next_served_on <= starts.followed_until_on, false) as is_followed,
        starts.followed_until_on <= lines.known_until_on as is_observed,
        coalesce(nexts.is_new_to_next_line, true) as is_new_to_next_line,
        starts.started_on,
        starts.followed_until_on
    from starts
    inner join lines on starts.business_line <> lines.business_line
    left join nexts
        on
            starts.person_id = nexts.person_id
            and starts.business_line = nexts.business_line
            and lines.business_line = nexts.next_line
)

select * from final
