{#- How lively a user is, whatever the events are: totals, active days, recency, tenure, gaps and the trend. -#}
with by_day as (
  select
    user_id,
    as_of,
    look_back_days,
    days_before,
    max(as_of_ms) as as_of_ms,
    sum(n) as n,
    min(first_event_ms) as first_event_ms,
    max(last_event_ms) as last_event_ms,
    max(longest_pause_ms) as longest_pause_ms
  from {{ ref('int_activity_as_of') }}
  group by user_id, as_of, look_back_days, days_before
),

-- a pause goes on over midnight, which no day's row can know
paused as (
  select
    *,
    first_event_ms - max(last_event_ms) over (
      partition by user_id, as_of, look_back_days
      order by days_before desc nulls last
      rows between unbounded preceding and 1 preceding
    ) as pause_before_ms
  from by_day
),

by_user as (
  select
    user_id,
    as_of,
    look_back_days,
    sum(n) as events,
    max(as_of_ms) - min(first_event_ms) as milliseconds_since_first,
    max(as_of_ms) - max(last_event_ms) as milliseconds_since_last,
    max(last_event_ms) - min(first_event_ms) as milliseconds_spanned,
    greatest(max(longest_pause_ms), max(pause_before_ms)) as longest_gap_ms,
    max(days_before) - min(days_before) as days_spanned,
    count(*) as active_days
    {%- for days in windows() %},
    sum(case when days_before <= {{ days }} then n else 0 end) as events_{{ days }}d,
    sum(case when days_before <= {{ days }} then 1 else 0 end) as days_{{ days }}d
    {%- endfor %}
  from paused
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
    cast(case when events > 1 then milliseconds_spanned / (events - 1) / 60000 end as double) as mean_gap_minutes,
    cast(longest_gap_ms / 60000 as double) as longest_gap_minutes,
    cast(case when events_28d > 0 then events_7d * 4 / events_28d end as double) as events_trend_7d
  from by_user
)

select * from features
