{#- What every user did on every UTC day: the one model that reads events. Labels and features come from here, so a run
    scans the events once. Rows that features must not see are kept under their standing and counted. -#}
{{ config(materialized='table') }}

with events as (
  select
    *,
    cast(event_at as date) as activity_date
  from {{ ref('stg_events') }}
),

daily as (
  select
    user_id,
    activity_date,
    event_type,
    standing,
    count(*) as n,
    min(event_ms) as first_event_ms,
    max(event_ms) as last_event_ms
    {%- for field in setting('numeric_fields') %},
    count({{ field.name }}) as n_{{ field.name }},
    sum({{ field.name }}) as sum_{{ field.name }},
    max({{ field.name }}) as max_{{ field.name }},
    max(case when {{ field.name }} is not null then struct(event_ms, event_id, {{ field.name }}) end).{{ field.name }}
      as last_{{ field.name }},
    max(case when {{ field.name }} is not null then event_ms end) as last_{{ field.name }}_ms
    {%- endfor %}
  from events
  group by user_id, activity_date, event_type, standing
)

select * from daily
