-- A rate of journeys is a rate of persons: each person who was served by a line has exactly one row for each other line,
-- dated by its first day. One row too many or too late would change the rate without anybody seeing it.
with firsts as (
    select
        person_id,
        business_line,
        min(served_on) as started_on
    from {{ ref('fct_group_services') }}
    where is_served and service in ('hearing_aid', 'dental_act', 'glasses', 'care_day')
    group by person_id, business_line
),

lines as (
    select distinct business_line from firsts
),

expected as (
    select
        firsts.person_id,
        firsts.business_line as first_line,
        lines.business_line as next_line,
        firsts.started_on
    from firsts
    inner join lines on firsts.business_line <> lines.business_line
),

journeys as (
    select person_id, first_line, next_line, started_on from {{ ref('fct_group_journeys') }}
)

(select * from expected except select * from journeys)
union all
(select * from journeys except select * from expected)
