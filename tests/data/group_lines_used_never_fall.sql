-- lines_used is joined by day to the days on which a person reached one line more. If a join met two of them or none,
-- revenue would be counted twice or lost, and a customer of two lines would be one of one line again: so the rows are
-- those of the lines, and the number of lines never falls from one day to a later one.
with services as (
    select
        person_id,
        served_on,
        min(lines_used) as least,
        max(lines_used) as most
    from {{ ref('fct_group_services') }}
    group by person_id, served_on
),

followed as (
    select
        *,
        lag(most) over (partition by person_id order by served_on) as most_before
    from services
)

select *
from followed
where least <> most or most_before > least
