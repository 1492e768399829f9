-- A child's day is joined to its contract, to a ceiling and to a person. A join that meets two rows would count its
-- hours twice and raise occupancy: so the rows and the hours of the fact are those of its staging model.
with counted as (
    select
        (select count(*) from {{ ref('stg_childcare__attendance') }}) as staged,
        (select count(*) from {{ ref('fct_childcare_attendance') }}) as kept,
        (select sum(attended_hours) from {{ ref('stg_childcare__attendance') }}) as staged_hours,
        (select sum(attended_hours) from {{ ref('fct_childcare_attendance') }}) as kept_hours
)

select *
from counted
where staged <> kept or staged_hours <> kept_hours
