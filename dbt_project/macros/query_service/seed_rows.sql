{#- Stock dbt would send:      insert into t (a, b) values (%s, %s), ... with values bound by the driver.
    Query Service refuses it:  VALUES of several rows is not documented for tables; SELECT ... UNION ALL is. Types are Spark's. -#}
{% macro seed_rows(agate_table, column_types) -%}
  {%- set spark_types = {'text': 'string', 'integer': 'bigint', 'float8': 'double', 'timestamp without time zone': 'timestamp',
                         'time without time zone': 'string', 'varchar': 'string', 'numeric': 'double'} -%}
  {%- set types = {} -%}
  {%- for name in agate_table.column_names -%}
    {%- set found = column_types.get(name, adapter.convert_type(agate_table, loop.index0)) -%}
    {%- do types.update({name: spark_types.get(found | lower, found)}) -%}
  {%- endfor -%}
  {%- for row in agate_table.rows %}
  select
    {%- for name, data_type in types.items() %}
    {%- set value = row[name] %}
    cast({{ 'null' if value is none else text_literal(value) }} as {{ data_type }}) as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
  {%- if not loop.last %}
  union all
  {%- endif %}
  {%- else %}
  select
    {%- for name, data_type in types.items() %}
    cast(null as {{ data_type }}) as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
  where 1=0
  {%- endfor %}
{%- endmacro %}
