{#- How many people had each type of event, and how many of those the target's too. dbt show --select events_funnel -#}
with {{ explored_events() }},

targets as (
  select distinct user_id
  from events
  where event_type = {{ text_literal(explored_use_case().target_event) }}
)

select
  events.event_type,
  count(*) as event_rows,
  count(distinct events.user_id) as users,
  count(distinct targets.user_id) as converted
from events
left join targets on events.user_id = targets.user_id
where events.event_type is not null
group by events.event_type
order by users desc nulls last, events.event_type asc nulls last
