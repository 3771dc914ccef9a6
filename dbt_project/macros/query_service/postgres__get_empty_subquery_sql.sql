{#- Stock dbt would send:      select * from ( ... ) as __dbt_sbq where false limit 0
    Query Service refuses it:  LIMIT 0 means every row there; WHERE 1=0 is the documented way to ask for columns only. -#}
{% macro postgres__get_empty_subquery_sql(select_sql, select_sql_header=none) -%}
  select * from (
    {{ select_sql }}
  ) as shape
  where 1=0
{%- endmacro %}
