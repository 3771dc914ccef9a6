{#- One setting of one use case of propensity.yml. -#}
{% macro use_case_setting(use_case_name, key) -%}
  {{ return(use_case(use_case_name)[key]) }}
{%- endmacro %}
