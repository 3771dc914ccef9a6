{#- When a user is active: the share of the look-back's events in each part of the day and on each weekday, in UTC. -#}
{%- set weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] -%}
with by_user as (
  select
    user_id,
    as_of,
    look_back_days,
    sum(n) as events
    {%- for part in ['night', 'morning', 'afternoon', 'evening'] %},
    sum({{ part }}_events) as events_{{ part }}
    {%- endfor %}
    {%- for weekday in weekdays %},
    sum(case when dayofweek(activity_date) = {{ loop.index }} then n else 0 end) as events_{{ weekday }}
    {%- endfor %}
  from {{ ref('int_activity_as_of') }}
  group by user_id, as_of, look_back_days
),

features as (
  select
    user_id,
    as_of,
    look_back_days
    {%- for name in ['night', 'morning', 'afternoon', 'evening'] + weekdays %},
    cast(events_{{ name }} / events as double) as share_{{ name }}
    {%- endfor %}
  from by_user
)

select * from features
