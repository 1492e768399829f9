-- MetricFlow's time spine and every rate per open day rest on a calendar without a hole: a missing day would drop
-- what happened on it from cumulative indicators, silently.
select count(*) as days
from {{ ref('dim_calendar') }}
having count(*) <> {{ dbt.datediff('min(date_on)', 'max(date_on)', 'day') }} + 1
