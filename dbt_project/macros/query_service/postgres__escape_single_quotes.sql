{#- Stock dbt would send:      'it''s'
    Query Service refuses it:  nothing is refused, but Spark reads two literals in a row: the quote is lost in silence. -#}
{% macro postgres__escape_single_quotes(expression) -%}
  {{ return(expression | replace("\\", "\\\\") | replace("'", "\\'")) }}
{%- endmacro %}
