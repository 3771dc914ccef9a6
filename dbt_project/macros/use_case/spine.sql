{#- Who is looked at, as of when, and what for: one row per known identity and as-of date of a use case.

    Known is who has a profile or an event before the as-of date; nobody has to have been active lately. Rows of the
    scoring as-of keep everybody, with the reason why somebody is left out; training rows leave out who had converted
    already, where the target is one-off. Rules on profile attributes hold for scoring only: attributes are today's, and
    what they were at a past as-of date is not known. -#}
{% macro spine(use_case_name) -%}
{%- do refuse_short_history(use_case_name) -%}
{%- set uc = use_case(use_case_name) -%}
{%- set keep = (uc.negative_keep * 10000) | round | int -%}
with as_ofs as (
  {%- for row in as_ofs(use_case_name) %}
  select
    '{{ row.purpose }}' as purpose,
    cast('{{ row.as_of }} 00:00:00' as timestamp) as as_of,
    cast('{{ row.as_of }}' as date) as as_of_date,
    cast({{ row.as_of_ms }} as bigint) as as_of_ms,
    cast('{{ row.label_from }}' as date) as label_from,
    cast('{{ row.label_until }}' as date) as label_until
  {%- if not loop.last %}
  union all
  {%- endif %}
  {%- endfor %}
),

activity as (
  select
    user_id,
    activity_date,
    event_type,
    first_event_ms
  from {{ ref('int_user_day_activity') }}
  where standing = 'usable'
),

appearances as (
  select
    user_id,
    1 as has_profile,
    cast(null as bigint) as first_event_ms
  from {{ ref('stg_profiles') }}
  union all
  select
    user_id,
    0 as has_profile,
    min(first_event_ms) as first_event_ms
  from activity
  group by user_id
),

identities as (
  select
    user_id,
    max(has_profile) as has_profile,
    min(first_event_ms) as first_event_ms
  from appearances
  group by user_id
),

buckets as (
  select
    user_id,
    has_profile,
    first_event_ms,
    {{ stable_bucket(use_case_name ~ ' split ', 'user_id', 1000) }} as split_bucket
  from identities
),

candidates as (
  select
    buckets.user_id,
    buckets.split_bucket,
    as_ofs.purpose,
    as_ofs.as_of,
    as_ofs.as_of_date,
    as_ofs.label_from,
    as_ofs.label_until
  from buckets
  inner join as_ofs on buckets.has_profile = 1 or buckets.first_event_ms < as_ofs.as_of_ms
),

conversions as (
  select
    user_id,
    activity_date
  from activity
  where event_type = {{ text_literal(uc.target_event) }}
),

outcomes as (
  select
    candidates.user_id,
    candidates.split_bucket,
    candidates.purpose,
    candidates.as_of,
    max(case when conversions.activity_date < candidates.as_of_date then 1 else 0 end) as converted_before,
    max(
      case
        when
          conversions.activity_date >= candidates.label_from
          and conversions.activity_date < candidates.label_until
          then 1
        else 0
      end
    ) as converts
  from candidates
  left join conversions on candidates.user_id = conversions.user_id
  group by candidates.user_id, candidates.split_bucket, candidates.purpose, candidates.as_of
),

judged as (
  select
    outcomes.user_id,
    outcomes.purpose,
    outcomes.as_of,
    outcomes.converts,
    outcomes.split_bucket,
    {%- if keep < 10000 %}
    {{ stable_bucket(use_case_name ~ ' keep ', "concat(date_format(outcomes.as_of, 'yyyy-MM-dd '), outcomes.user_id)", 10000) }}
      as keep_bucket,
    {%- endif %}
    coalesce(
      {%- if not uc.repeatable %}
      case when outcomes.converted_before = 1 then 'converted' end,
      {%- endif %}
      {%- for rule in uc.exclusions %}
      case when outcomes.purpose = 'score' and coalesce(({{ rule.when }}), false) then {{ text_literal(rule.name) }} end,
      {%- endfor %}
      cast(null as string)
    ) as left_out
  from outcomes
  left join {{ ref('stg_profiles') }} as profiles on outcomes.user_id = profiles.user_id
),

divided as (
  select
    user_id,
    purpose,
    as_of,
    converts,
    left_out,
    {%- if keep < 10000 %}
    keep_bucket,
    {%- endif %}
    case
      when purpose = 'test' then 'test'
      when purpose <> 'score' and split_bucket < 600 then 'train'
      when purpose = 'anchor' and split_bucket < 800 then 'validate'
      when purpose = 'anchor' then 'calibrate'
    end as split
  from judged
)

select
  user_id,
  as_of,
  {{ text_literal(run_id(use_case_name)) }} as run_id,
  case when purpose = 'score' then 'score' else 'train' end as purpose,
  split,
  case when purpose <> 'score' then cast(converts as int) end as label,
  case
    when purpose = 'score' then cast(null as double)
    when split = 'train' and converts = 0 then cast({{ 1 / uc.negative_keep }} as double)
    else cast(1 as double)
  end as weight,
  left_out
from divided
where
  purpose = 'score'
  or (
    left_out is null
    and split is not null
    {%- if keep < 10000 %}
    and (split <> 'train' or converts = 1 or keep_bucket < {{ keep }})
    {%- endif %}
  )
{%- endmacro %}
