{#- How lively a user is, whatever the events are: totals, active days, recency, tenure and the usual gap. -#}
with by_user as (
  select
    user_id,
    as_of,
    look_back_days,
    max(as_of_ms) as as_of_ms,
    min(first_event_ms) as first_event_ms,
    max(last_event_ms) as last_event_ms,
    max(days_before) - min(days_before) as days_spanned,
    count(distinct activity_date) as active_days,
    count(distinct event_type) as event_types
    {%- for days in windows() %},
    sum(case when days_before <= {{ days }} then n else 0 end) as events_{{ days }}d,
    count(distinct case when days_before <= {{ days }} then activity_date end) as days_{{ days }}d
    {%- endfor %}
  from {{ ref('int_activity_as_of') }}
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
    cast(event_types as int) as n_event_types,
    cast((as_of_ms - last_event_ms) / 60000 as double) as minutes_since_last_event,
    cast((as_of_ms - first_event_ms) / 86400000 as double) as tenure_days,
    cast(case when active_days > 1 then days_spanned / (active_days - 1) end as double) as mean_gap_days,
    cast(case when events_28d > 0 then events_7d * 4 / events_28d end as double) as events_trend_7d
  from by_user
)

select * from features
