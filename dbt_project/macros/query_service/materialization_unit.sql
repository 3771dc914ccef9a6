{#- Stock dbt would send:      create temporary table "x__dbt_tmp142233" as (...), to learn the types of the result.
    Query Service refuses it:  TEMPORARY and `__` are not documented; the description of an empty result says the same. -#}
{% materialization unit, adapter='postgres' %}
  {%- set tested_sql = sql | replace('__dbt__cte__', 'given_') -%}
  {%- set types = {} -%}
  {%- set names = {} -%}
  {%- for column in columns_of(tested_sql) -%}
    {%- do types.update({column.name | lower: column.dtype}) -%}
    {%- do names.update({column.name | lower: column.name}) -%}
  {%- endfor -%}
  {%- set expected_rows = config.get('expected_rows') -%}
  {%- set tested = (expected_rows[0].keys() | map('lower') | list) if expected_rows else (names.keys() | list) -%}
  {%- set expected = config.get('expected_sql') or get_expected_sql(expected_rows, types, names) -%}
  {%- call statement('main', fetch_result=True) -%}
    {{ get_unit_test_sql(tested_sql, expected, tested) }}
  {%- endcall -%}
  {{ return({'relations': []}) }}
{% endmaterialization %}
