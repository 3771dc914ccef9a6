{#- Stock dbt would send:      bool_or(x)
    Query Service refuses it:  bool_or is not documented; max of a boolean is the same. -#}
{% macro postgres__bool_or(expression) -%}
  max({{ expression }})
{%- endmacro %}
