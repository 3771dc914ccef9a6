{#- The training set of a use case: features as of past dates, with their mature labels, split and weight. -#}
{% macro training_set(use_case_name) -%}
{{ feature_rows(use_case_name, ['test', 'anchor', 'earlier'], "purpose = 'train'") }}
{%- endmacro %}
