{#- The numeric fields of propensity.yml over each window before as_of. Nothing in the window is NULL, not zero. -#}
{% macro numeric_features() -%}
with by_user as (
  select
    user_id,
    as_of,
    look_back_days
    {%- for field in setting('numeric_fields') %}
    {%- for days in windows() %},
    {{ numeric_feature(field.name, days, field.aggregations) | trim }}
    {%- endfor %}
    {%- endfor %}
  from {{ ref('int_activity_as_of') }}
  group by user_id, as_of, look_back_days
)

select * from by_user
{%- endmacro %}
