{#- Stock dbt would send:      create temporary table "x__dbt_tmp" as (...) and read information_schema to learn types.
    Query Service refuses it:  TEMPORARY and `__` are not documented; WHERE 1=0 and the result's description are.
    Returns Columns named as in the query with Spark's type names, ready for CAST. -#}
{% macro columns_of(select_sql) -%}
  {%- set spark_types = {
    'TEXT': 'string', 'STRING': 'string', 'UNICODE': 'string', 'INT': 'int', 'INTEGER': 'int', 'LONGINTEGER': 'bigint',
    'FLOAT': 'double', 'BOOLEAN': 'boolean', 'DATE': 'date', 'DATETIME': 'timestamp', 'DECIMAL': 'decimal(38,18)',
  } -%}
  {%- set columns = [] -%}
  {%- for column in get_column_schema_from_query(select_sql) -%}
    {%- do columns.append(api.Column(column.name, spark_types.get(column.dtype, column.dtype))) -%}
  {%- endfor -%}
  {{ return(columns) }}
{%- endmacro %}
