{#- Stock dbt would send:      cast(x as TEXT)
    Query Service refuses it:  unconfirmed; in CAST, the documents write Spark's names only. -#}
{% macro postgres__type_string() -%}
  {{ return('string') }}
{%- endmacro %}
