{#- The as-of dates of a use case as SQL literals, for a filter that every engine can push down to the feature models. -#}
{% macro as_of_literals(use_case_name, purposes) -%}
  {%- set literals = [] -%}
  {%- for row in as_ofs(use_case_name) if row.purpose in purposes -%}
    {%- do literals.append("cast('" ~ row.as_of ~ " 00:00:00' as timestamp)") -%}
  {%- endfor -%}
  {{ return(literals | join(', ')) }}
{%- endmacro %}
