{#- Every event row as it was received, with the standing that it has by itself. Nothing is lost: int_user_day_activity
    counts all rows, and finds the repeats, because it reads a day as a whole. A number that is NaN and an empty channel are
    none: one of them would otherwise be the sum of a user's whole look-back. No window stands here, so that a filter
    on `event_at` reaches the files. -#}
with source as (
  select * from {{ source('experience_platform', 'events') }}
  {{- only_development_rows('timestamp') }}
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
    nanvl(cast({{ xdm_path(field.path) }} as double), cast(null as double)) as {{ field.name }},
    {%- endfor %}

    -- timestamps
    timestamp as event_at
  from source
),

judged as (
  select
    *,
    case
      when user_id is null or user_id = '' then 'no identity'
      when event_at is null then 'no time'
      when event_at > current_timestamp() then 'after now'
      else 'usable'
    end as standing
  from renamed
)

select * from judged
