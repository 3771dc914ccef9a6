{#- Stock dbt would send:      select * from dbt_internal_unit_test_actual limit 0 where no row is expected.
    Query Service refuses it:  nothing: LIMIT 0 means every row there, and the test would always pass. WHERE 1=0. -#}
{% macro get_expected_sql(rows, column_name_to_data_types, column_name_to_quoted) -%}
  {%- if not rows -%}
    select * from actual_rows where 1=0
  {%- else -%}
    {{ fixture_rows(rows, column_name_to_data_types, {}) }}
  {%- endif -%}
{%- endmacro %}
