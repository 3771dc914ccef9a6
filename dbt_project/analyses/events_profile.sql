{#- What there is: rows, people, types and days. propensity dbt -- show --select events_profile -#}
with {{ explored_activity() }}

select
  sum(n) as event_rows,
  count(distinct user_id) as users,
  count(distinct event_type) as event_types,
  count(distinct activity_date) as days,
  min(activity_date) as first_day,
  max(activity_date) as last_day
from activity
