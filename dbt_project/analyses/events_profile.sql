{#- What there is: rows, people, types and days. propensity dbt -- show --select events_profile -#}
with {{ explored_events() }}

select
  count(*) as event_rows,
  count(distinct user_id) as users,
  count(distinct event_type) as event_types,
  count(distinct cast(event_at as date)) as days,
  min(event_at) as first_at,
  max(event_at) as last_at
from events
