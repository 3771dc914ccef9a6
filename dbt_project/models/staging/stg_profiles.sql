{#- One row per person. Records of one person are merged attribute by attribute, as the profile does; where they
    contradict each other the largest value holds, so that the answer is always the same (opted out wins). -#}
with source as (
  select * from {{ source('experience_platform', 'profiles') }}
  {{- only_development_rows() }}
),

renamed as (
  select
    {{ xdm_path(setting('identity_path')) }} as user_id
    {%- for attribute in setting('profile_attributes') %},
    {{ xdm_path(attribute.path) }} as {{ attribute.name }}
    {%- endfor %}
  from source
),

merged as (
  select
    user_id
    {%- for attribute in setting('profile_attributes') %},
    max({{ attribute.name }}) as {{ attribute.name }}
    {%- endfor %}
  from renamed
  where user_id is not null and user_id <> ''
  group by user_id
)

select * from merged
