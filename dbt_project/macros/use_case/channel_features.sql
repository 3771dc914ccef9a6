{#- Last touch: the newest value of each channel field of propensity.yml before as_of, and how long ago it was. -#}
{% macro channel_features() -%}
with by_user as (
  select
    user_id,
    as_of,
    look_back_days
    {%- for field in setting('channel_fields') %},
    max(
      case when last_{{ field.name }} is not null then struct(last_{{ field.name }}_ms as at_ms, last_{{ field.name }} as held) end
    ).held as last_{{ field.name }},
    cast((max(as_of_ms) - max(last_{{ field.name }}_ms)) / 60000 as double) as minutes_since_{{ field.name }}
    {%- endfor %}
  from {{ ref('int_activity_as_of') }}
  group by user_id, as_of, look_back_days
)

select * from by_user
{%- endmacro %}
