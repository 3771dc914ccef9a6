{#- In what was stored, the newest event that a feature saw is before as_of and within the look-back, and a longer window
    never counts less than a shorter one. -#}
{% test knows_only_the_past(model, use_case) %}
{%- set look_back_minutes = use_case_setting(use_case, 'look_back_days') * 1440 %}
select
  user_id,
  as_of
from {{ model }}
where
  minutes_since_last_event <= 0
  or minutes_since_last_event > {{ look_back_minutes }}
  {%- for event in setting('event_types') %}
  or minutes_since_{{ event.name }} < minutes_since_last_event
  or minutes_since_{{ event.name }} > {{ look_back_minutes }}
  or n_{{ event.name }}_1d > n_{{ event.name }}_7d
  or n_{{ event.name }}_7d > n_{{ event.name }}_28d
  or n_{{ event.name }}_28d > n_{{ event.name }}_90d
  {%- endfor %}
{% endtest %}
