{#- The CTE `activity` of the analyses: who did what on which day before as_of. Daily activity is kept up to date by each
    build, so that looking at the events costs no second reading of them. -#}
{% macro explored_activity() -%}
activity as (
  select
    user_id,
    event_type,
    activity_date,
    n,
    least_id_hash
  from {{ ref('int_user_day_activity') }}
  where
    standing = 'usable'
    and activity_date < cast('{{ setting('as_of') or '2000-01-01' }}' as date)
)
{%- endmacro %}
