{#- The scoring set of a use case: the same features as of the run's date, for everybody who is not left out. -#}
{% macro scoring_set(use_case_name) -%}
{{ feature_rows(use_case_name, ['score'], "purpose = 'score' and left_out is null") }}
{%- endmacro %}
