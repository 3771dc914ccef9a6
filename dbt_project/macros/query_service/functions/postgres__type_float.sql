{#- Stock dbt would send:      cast(x as float), which has eight bytes in PostgreSQL.
    Query Service refuses it:  nothing: its float has four, and digits are lost in silence. XDM's number is a double. -#}
{% macro postgres__type_float() -%}
  {{ return('double') }}
{%- endmacro %}
