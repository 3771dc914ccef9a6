{#- Stock dbt would send:      array_append(x, 4)
    Query Service refuses it:  array_append is not documented; concat takes arrays too. -#}
{% macro postgres__array_append(array, new_element) -%}
  concat({{ array }}, array({{ new_element }}))
{%- endmacro %}
