{#- Stock dbt would send:      to_date('2023-09-07', 'YYYY-MM-DD')
    Query Service refuses it:  Spark's patterns write the year as yyyy; YYYY is an error. -#}
{% macro postgres__date(year, month, day) -%}
  cast('{{ modules.datetime.date(year, month, day).isoformat() }}' as date)
{%- endmacro %}
