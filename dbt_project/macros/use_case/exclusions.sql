{#- Who is left out of scoring in this run, and by which rule: `converted`, or a rule named in propensity.yml. -#}
{% macro exclusions(use_case_name) -%}
select
  user_id,
  as_of,
  run_id,
  left_out as reason
from {{ ref(use_case_name ~ '_spine') }}
where purpose = 'score' and left_out is not null
{%- endmacro %}
