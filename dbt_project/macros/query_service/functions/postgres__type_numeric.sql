{#- Stock dbt would send:      cast(x as numeric(28,6))
    Query Service refuses it:  unconfirmed; in CAST, the documents write Spark's names only. -#}
{% macro postgres__type_numeric() -%}
  {{ return('decimal(28, 6)') }}
{%- endmacro %}
