{#- Stock dbt would send:      array_cat(x, y)
    Query Service refuses it:  array_cat is not documented; concat takes arrays too. -#}
{% macro postgres__array_concat(array_1, array_2) -%}
  concat({{ array_1 }}, {{ array_2 }})
{%- endmacro %}
