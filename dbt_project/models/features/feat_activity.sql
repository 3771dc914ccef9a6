{#- How lively a user is, whatever the events are: totals, active days, recency, tenure and the usual gap. -#}
with by_day as (
  select
    user_id,
    as_of,
    look_back_days,
    days_before,
    max(as_of_ms) as as_of_ms,
    sum(n) as n,
    min(first_event_ms) as first_event_ms,
    max(last_event_ms) as last_event_ms
  from {{ ref('int_activity_as_of') }}
  group by user_id, as_of, look_back_days, days_before
),

by_user as (
  select
    user_id,
    as_of,
    look_back_days,
    max(as_of_ms) - min(first_event_ms) as milliseconds_since_first,
    max(as_of_ms) - max(last_event_ms) as milliseconds_since_last,
    max(days_before) - min(days_before) as days_spanned,
    count(*) as active_days
    {%- for days in windows() %},
    sum(case when days_before <= {{ days }} then n else 0 end) as events_{{ days }}d,
    sum(case when days_before <= {{ days }} then 1 else 0 end) as days_{{ days }}d
    {%- endfor %}
  from by_day
  group by user_id, as_of, look_back_days
),

features as (
  select
    user_id,
    as_of,
    look_back_days
    {%- for days in windows() %},
    cast(events_{{ days }}d as int) as n_events_{{ days }}d,
    cast(days_{{ days }}d as int) as active_days_{{ days }}d
    {%- endfor %},
    cast(milliseconds_since_last / 60000 as double) as minutes_since_last_event,
    cast(milliseconds_since_first / 86400000 as double) as tenure_days,
    cast(case when active_days > 1 then days_spanned / (active_days - 1) end as double) as mean_gap_days,
    cast(case when events_28d > 0 then events_7d * 4 / events_28d end as double) as events_trend_7d
  from by_user
)

select * from features
