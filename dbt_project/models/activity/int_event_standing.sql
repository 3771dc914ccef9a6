{#- How many event rows there were of each type and standing: what features saw, and what they did not. -#}
with activity as (
  select * from {{ ref('int_user_day_activity') }}
),

counted as (
  select
    event_type,
    standing,
    case
      {%- for event in setting('event_types') %}
      when event_type = {{ text_literal(event.type) }} then 1
      {%- else %}
      when event_type is null then 0
      {%- endfor %}
      else 0
    end as is_feature,
    sum(n) as event_rows,
    min(first_event_ms) as first_event_ms,
    max(last_event_ms) as last_event_ms
  from activity
  group by event_type, standing
)

select * from counted
