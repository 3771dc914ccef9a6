{#- How many people had each type of event, and how many of those the target's too. dbt show --select events_funnel -#}
with {{ explored_activity() }},

targets as (
  select distinct user_id
  from activity
  where event_type = {{ text_literal(explored_use_case().target_event) }}
)

select
  activity.event_type,
  sum(activity.n) as event_rows,
  count(distinct activity.user_id) as users,
  count(distinct targets.user_id) as converted
from activity
left join targets on activity.user_id = targets.user_id
where activity.event_type is not null
group by activity.event_type
order by users desc nulls last, activity.event_type asc nulls last
