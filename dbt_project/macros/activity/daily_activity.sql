{#- The CTE `daily`, from a CTE `events` (stg_events with `activity_date`): one row per user, UTC day, event type and
    standing, in one pass over the events.

    What concerns the whole day stands on the row of the event that it belongs to: a session on the type of its first
    event, a pause and the time it adds to the session on the type of the event that ends it. So the day's facts are
    sums and maxima over its rows. Pauses and sessions know the user's events of one standing and one UTC day; events of
    the same millisecond are ordered by id and type. Only the fields of propensity.yml have columns of their own.

    Sessions end after `session_timeout_minutes`, of propensity.yml unless given (unit tests do). -#}
{% macro daily_activity(session_timeout_minutes=none) -%}
{%- set timeout_seconds = (session_timeout_minutes or setting('session_timeout_minutes')) * 60 -%}
{%- set of_the_day -%}
partition by user_id, activity_date, standing
      order by event_at asc nulls last, event_id asc nulls last, event_type asc nulls last
{%- endset -%}
timed as (
  select
    *,
    sess_timeout(event_at, {{ timeout_seconds }}) over (
      {{ of_the_day }}
      rows between unbounded preceding and current row
    ) as sess,
    event_ms - max(event_ms) over (
      {{ of_the_day }}
      rows between unbounded preceding and 1 preceding
    ) as pause_ms
  from events
),

placed as (
  select
    *,
    event_ms - max(case when sess.is_new then event_ms end) over (
      {{ of_the_day }}
      rows between unbounded preceding and current row
    ) as into_session_ms
  from timed
),

daily as (
  select
    user_id,
    activity_date,
    event_type,
    standing,
    count(*) as n,
    min(event_ms) as first_event_ms,
    max(event_ms) as last_event_ms,
    max(pause_ms) as longest_pause_ms,
    sum(case when sess.is_new then 1 else 0 end) as sessions_started,
    sum(case when sess.is_new then 0 else pause_ms end) as session_ms,
    max(into_session_ms) as longest_session_ms,
    sum(case when hour(event_at) < 6 then 1 else 0 end) as night_events,
    sum(case when hour(event_at) >= 6 and hour(event_at) < 12 then 1 else 0 end) as morning_events,
    sum(case when hour(event_at) >= 12 and hour(event_at) < 18 then 1 else 0 end) as afternoon_events,
    sum(case when hour(event_at) >= 18 then 1 else 0 end) as evening_events,
    min(cast(conv(substr(md5(event_id), 1, 15), 16, 10) as bigint)) as least_id_hash
    {%- for field in setting('numeric_fields') %},
    count({{ field.name }}) as n_{{ field.name }},
    sum({{ field.name }}) as sum_{{ field.name }},
    max({{ field.name }}) as max_{{ field.name }},
    {{ last_of_day(field.name) }}
    {%- endfor %}
    {%- for field in setting('channel_fields') %},
    {{ last_of_day(field.name) }}
    {%- endfor %}
  from placed
  group by user_id, activity_date, event_type, standing
)
{%- endmacro %}
