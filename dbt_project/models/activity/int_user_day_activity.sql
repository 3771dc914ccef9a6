{#- What every user did on every UTC day: the one model that reads events. Labels and features come from here, so a run
    reads only the days that changed since the last one. Rows that features must not see are kept under their standing
    and counted. Streaming sources deliver at least once: of the rows with one event id on one day the earliest counts.
    An id that comes again with a time on another day is another event: to know better, every run would have to read the
    whole history. `least_id_hash` notices it, and the report says so. -#}
{{ config(materialized='incremental', incremental_strategy='by_day') }}

-- which days changed: {% if not execute %}{{ source('experience_platform', 'event_days') }}{% endif %}
with received as (
  select
    *,
    cast(event_at as date) as activity_date
  from {{ ref('stg_events') }}
  where {{ days_of_this_run() }}
),

numbered as (
  select
    *,
    row_number() over (
      partition by event_id, activity_date
      order by event_ms asc nulls last, event_type asc nulls last, user_id asc nulls last
    ) as copy_number
  from received
),

events as (
  select
    event_id,
    user_id,
    event_type,
    {%- for field in setting('numeric_fields') + setting('channel_fields') %}
    {{ field.name }},
    {%- endfor %}
    event_ms,
    event_at,
    activity_date,
    case when standing = 'usable' and event_id is not null and copy_number > 1 then 'repeated' else standing end
      as standing
  from numbered
),

{{ daily_activity() }}

select * from daily
