{#- What every user did on every UTC day: the one model that reads events. Labels and features come from here, so a run
    scans the events once. Rows that features must not see are kept under their standing and counted. -#}
{{ config(materialized='table') }}

with events as (
  select
    *,
    cast(event_at as date) as activity_date
  from {{ ref('stg_events') }}
),

{{ daily_activity() }}

select * from daily
