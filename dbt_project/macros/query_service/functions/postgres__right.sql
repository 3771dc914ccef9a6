{#- Stock dbt would send:      right(x, 3)
    Query Service refuses it:  right is not documented; substring from a negative position is Spark's way. -#}
{% macro postgres__right(string_text, length_expression) -%}
  case
    when {{ length_expression }} <= 0 then substring({{ string_text }}, 1, 0)
    else substring({{ string_text }}, -({{ length_expression }}))
  end
{%- endmacro %}
