{#- A user's sessions, from the daily sessions of SESS_TIMEOUT: how many, how long on average, and the longest. -#}
with by_user as (
  select
    user_id,
    as_of,
    look_back_days
    {%- for days in windows() %},
    sum(case when days_before <= {{ days }} then sessions_started else 0 end) as sessions_{{ days }}d,
    sum(case when days_before <= {{ days }} then session_ms end) as session_ms_{{ days }}d,
    max(case when days_before <= {{ days }} then longest_session_ms end) as longest_session_ms_{{ days }}d
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
    cast(sessions_{{ days }}d as int) as n_sessions_{{ days }}d
    {%- endfor %}
    {%- for days in long_windows() %},
    cast(session_ms_{{ days }}d / nullif(sessions_{{ days }}d, 0) / 60000 as double) as mean_session_minutes_{{ days }}d,
    cast(longest_session_ms_{{ days }}d / 60000 as double) as longest_session_minutes_{{ days }}d
    {%- endfor %}
  from by_user
)

select * from features
