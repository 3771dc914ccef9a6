{#- For unit tests of features: rows of int_activity_as_of, made from events by the same SQL as the model's, as of 2026-11-09
    with a look-back of 90 days, sessions ending after 30 minutes. So a feature's test says when things happened, to the millisecond and in any time zone,
    and not what a day's row looks like.

    An event is a row with `user_id`, `event_type` and `at`; other keys are fields of propensity.yml that it carries. -#}
{% macro activity_of_events(rows) -%}
with given as (
  {%- for row in rows %}
  select
    'e{{ loop.index }}' as event_id,
    {{ text_literal(row.user_id) }} as user_id,
    {{ text_literal(row.event_type) }} as event_type,
    'usable' as standing,
    {%- for field in setting('numeric_fields') %}
    cast({{ row[field.name] if row.get(field.name) is not none else 'null' }} as double) as {{ field.name }},
    {%- endfor %}
    {%- for field in setting('channel_fields') %}
    cast({{ text_literal(row[field.name]) if row.get(field.name) is not none else 'null' }} as string) as {{ field.name }},
    {%- endfor %}
    cast('{{ row.at }}' as timestamp) as event_at
  {%- if not loop.last %}
  union all
  {%- endif %}
  {%- endfor %}
),

events as (
  select
    *,
    {{ milliseconds('event_at') }} as event_ms,
    cast(event_at as date) as activity_date
  from given
),

{{ daily_activity(session_timeout_minutes=30) }},

activity as (
  select * from daily
),

as_ofs as (
  select
    cast('2026-11-09 00:00:00' as timestamp) as as_of,
    cast('2026-11-09' as date) as as_of_date,
    cast(1794182400000 as bigint) as as_of_ms,
    cast('2026-08-11' as date) as look_back_from,
    90 as look_back_days
),

{{ bounded_activity() }}

select * from bounded
{%- endmacro %}
