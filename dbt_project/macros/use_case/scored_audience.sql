{#- Who qualifies for the audience of a use case: the rule of propensity.yml (`min_score` or `top_percent`) on the scores of
    the newest published as-of date, so that whoever was not scored then never qualifies, however high an older score is.

    Nobody above the wanted share has a percentile below it (percentiles are rounded up), so only those are put in order: a
    window over everybody would be sorted by one task. -#}
{% macro scored_audience(use_case_name) -%}
{%- set rule = use_case(use_case_name).audience -%}
{%- set score = xdm_path('_{tenant}.propensity.' ~ use_case_name) -%}
with scores as (
  select
    {{ xdm_path(setting('identity_path')) }} as user_id,
    {{ score }}.score as score,
    {{ score }}.percentile as percentile,
    {{ score }}.asOf as as_of,
    {{ score }}.runId as run_id,
    {{ score }}.modelVersion as model_version
  from {{ source('scores', use_case_name ~ '_scores') }}
  where {{ score }}.eligible
),

newest as (
  select
    max(as_of) as as_of
  from scores
),

current_scores as (
  select scores.*
  from scores
  inner join newest on scores.as_of = newest.as_of
){% if rule.min_score is not defined %},

allowed as (
  select
    greatest(1, cast(floor(count(*) * {{ rule.top_percent }} / 100) as bigint)) as places
  from current_scores
),

ranked as (
  select
    *,
    rank() over (order by score desc nulls last) as place
  from current_scores
  where percentile >= floor(100 - {{ rule.top_percent }})
)
{%- endif %}

select
  user_id,
  score,
  percentile,
  cast(as_of as date) as as_of,
  run_id,
  model_version
{%- if rule.min_score is not defined %}
from ranked
inner join allowed on ranked.place <= allowed.places
{%- else %}
from current_scores
where score >= {{ rule.min_score }}
{%- endif %}
{%- endmacro %}
