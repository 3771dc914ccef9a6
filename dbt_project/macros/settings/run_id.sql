{#- The id of this run of a use case: made from the use case and the as-of date, never from the attempt. -#}
{% macro run_id(use_case_name) -%}
  {{ return(use_case_name ~ '-' ~ (setting('as_of') or '2000-01-01') | replace('-', '')) }}
{%- endmacro %}
