{#- Every event row as it was received, with the standing that decides whether features may see it: nothing is lost,
    int_user_day_activity counts all of them. Streaming sources deliver at least once, hence the repeats. -#}
with source as (
  select * from {{ source('experience_platform', 'events') }}
),

renamed as (
  select
    -- ids
    _id as event_id,
    {{ xdm_path(setting('identity_path')) }} as user_id,

    -- text
    eventType as event_type,
    {%- for field in setting('channel_fields') %}
    nullif({{ xdm_path(field.path) }}, '') as {{ field.name }},
    {%- endfor %}

    -- numbers
    {{ milliseconds('timestamp') }} as event_ms,
    {%- for field in setting('numeric_fields') %}
    cast({{ xdm_path(field.path) }} as double) as {{ field.name }},
    {%- endfor %}

    -- timestamps
    timestamp as event_at
  from source
),

numbered as (
  select
    *,
    row_number() over (
      partition by event_id
      order by event_ms asc nulls last, event_type asc nulls last, user_id asc nulls last
    ) as copy_number
  from renamed
),

judged as (
  select
    *,
    case
      when user_id is null or user_id = '' then 'no identity'
      when event_at is null then 'no time'
      when event_at > current_timestamp() then 'after now'
      when event_id is not null and copy_number > 1 then 'repeated'
      else 'usable'
    end as standing
  from numbered
)

select * from judged
