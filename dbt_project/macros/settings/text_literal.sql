{#- A text literal. Spark escapes with a backslash; a doubled quote would be read as two literals in a row. -#}
{% macro text_literal(value) -%}
  {{ return("'" ~ (value | string | replace("\\", "\\\\") | replace("'", "\\'")) ~ "'") }}
{%- endmacro %}
