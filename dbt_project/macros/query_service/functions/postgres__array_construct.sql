{#- Stock dbt would send:      array[ 1 , 2 ], and array[]::integer[] for an empty one.
    Query Service refuses it:  brackets and `::`. An empty array has a type as the empty part of one that has it. -#}
{% macro postgres__array_construct(inputs, data_type) -%}
  {%- if inputs -%}
    array({{ inputs | join(', ') }})
  {%- else -%}
    slice(array(cast(null as {{ data_type }})), 1, 0)
  {%- endif -%}
{%- endmacro %}
