{#- For each event type of propensity.yml: how often in each window before as_of, and how long since the last one; and how
    often one comes for each of another, for the rates of propensity.yml. -#}
with by_type as (
  select
    user_id,
    as_of,
    look_back_days,
    event_type,
    max(as_of_ms) - max(last_event_ms) as milliseconds_since
    {%- for days in windows() %},
    cast(sum(case when days_before <= {{ days }} then n else 0 end) as int) as n_{{ days }}d
    {%- endfor %}
  from {{ ref('int_activity_as_of') }}
  group by user_id, as_of, look_back_days, event_type
),

-- one row per type above, so max picks it
by_user as (
  select
    user_id,
    as_of,
    look_back_days,
    cast(count(*) as int) as n_event_types
    {%- for event in setting('event_types') %}
    {%- for days in windows() %},
    coalesce(max(case when event_type = {{ text_literal(event.type) }} then n_{{ days }}d end), 0)
      as n_{{ event.name }}_{{ days }}d
    {%- endfor %},
    cast(max(case when event_type = {{ text_literal(event.type) }} then milliseconds_since end) / 60000 as double)
      as minutes_since_{{ event.name }}
    {%- endfor %}
  from by_type
  group by user_id, as_of, look_back_days
),

features as (
  select
    *
    {%- for rate in setting('rates') %}
    {%- for days in long_windows() %},
    cast(n_{{ rate.numerator }}_{{ days }}d / nullif(n_{{ rate.denominator }}_{{ days }}d, 0) as double)
      as rate_{{ rate.name }}_{{ days }}d
    {%- endfor %}
    {%- endfor %}
  from by_user
)

select * from features
