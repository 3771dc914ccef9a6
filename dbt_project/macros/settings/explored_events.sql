{#- The CTE `events` of the analyses: who did what before as_of, rows without an identity left out. -#}
{% macro explored_events() -%}
events as (
  select
    {{ xdm_path(setting('identity_path')) }} as user_id,
    eventType as event_type,
    timestamp as event_at
  from {{ source('experience_platform', 'events') }}
  where
    timestamp < cast('{{ setting('as_of') or '2000-01-01' }} 00:00:00' as timestamp)
    and {{ xdm_path(setting('identity_path')) }} <> ''
)
{%- endmacro %}
