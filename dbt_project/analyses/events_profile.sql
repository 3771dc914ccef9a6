{#- What there is: rows, people, types and days, and at least how many event ids came again with the time of another day (they
    count on both: whoever sends them gives one id to two events). propensity dbt -- show --select events_profile -#}
with {{ explored_activity() }},

ids_again as (
  select count(*) as ids
  from (
    select least_id_hash
    from activity
    where least_id_hash is not null
    group by least_id_hash
    having count(*) > 1
  ) as by_id
)

select
  sum(activity.n) as event_rows,
  count(distinct activity.user_id) as users,
  count(distinct activity.event_type) as event_types,
  count(distinct activity.activity_date) as days,
  min(activity.activity_date) as first_day,
  max(activity.activity_date) as last_day,
  max(ids_again.ids) as ids_on_several_days
from activity
inner join ids_again on ids_again.ids >= 0
