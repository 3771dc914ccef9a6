{#- The columns of a set, in the order of its contract, for the spine rows that meet a condition.

    Every feature model is joined on (user_id, as_of); its rows are narrowed to the as-of dates and the look-back of the
    use case first. `when_absent` in a column's meta says what a user without activity gets: 0 for counts; nothing
    (NULL, "never") for everything else. Training and scoring differ only in the condition: no skew.

    The feature views are shared by all use cases and show the as-of dates of the last build. Where somebody has built for
    another date meanwhile, the set gets no row at all, which check_run reports: never a row whose features are missing. -#}
{% macro feature_rows(use_case_name, purposes, condition) -%}
{%- set uc = use_case(use_case_name) -%}
{%- set dates = as_of_literals(use_case_name, purposes) -%}
with known_as_ofs as (
  select count(*) as n from {{ ref('int_as_ofs') }}
  where as_of in ({{ dates }}) and look_back_days = {{ uc.look_back_days }}
),

spine as (
  select spine_rows.*
  from {{ ref(use_case_name ~ '_spine') }} as spine_rows
  inner join known_as_ofs on known_as_ofs.n = {{ dates.split(', ') | length }}
  where {{ condition }}
),

profiles as (
  select * from {{ ref('stg_profiles') }}
)
{%- for feature_model in setting('feature_models') %},

{{ feature_model }}_rows as (
  select * from {{ ref(feature_model) }}
  where
    as_of in ({{ dates }})
    and look_back_days = {{ uc.look_back_days }}
)
{%- endfor %}

select
  {%- for name, column in model.columns.items() %}
  {{ column_of_set(name, column) }}{{ ',' if not loop.last }}
  {%- endfor %}
from spine
left join profiles on spine.user_id = profiles.user_id
{%- for feature_model in setting('feature_models') %}
left join {{ feature_model }}_rows
  on
    spine.user_id = {{ feature_model }}_rows.user_id
    and spine.as_of = {{ feature_model }}_rows.as_of
{%- endfor %}
{%- endmacro %}
