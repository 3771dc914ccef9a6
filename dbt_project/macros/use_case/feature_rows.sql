{#- The columns of a set, in the order of its contract, for the spine rows that meet a condition.

    Every feature model is joined on (user_id, as_of); its rows are narrowed to the as-of dates and the look-back of the
    use case first. `when_absent` in a column's meta says what a user without activity gets: 0 for counts; nothing
    (NULL, "never") for everything else. Training and scoring differ only in the condition: no skew. -#}
{% macro feature_rows(use_case_name, purposes, condition) -%}
{%- set uc = use_case(use_case_name) -%}
with spine as (
  select * from {{ ref(use_case_name ~ '_spine') }}
  where {{ condition }}
),

profiles as (
  select * from {{ ref('stg_profiles') }}
)
{%- for feature_model in setting('feature_models') %},

{{ feature_model }}_rows as (
  select * from {{ ref(feature_model) }}
  where
    as_of in ({{ as_of_literals(use_case_name, purposes) }})
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
