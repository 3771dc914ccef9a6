{#- The use case that the analyses look at: `--vars '{use_case: purchase}'`, by default the first of propensity.yml. -#}
{% macro explored_use_case() -%}
  {{ return(use_case(var('use_case', setting('use_cases')[0].name))) }}
{%- endmacro %}
