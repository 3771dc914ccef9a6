{#- Stock dbt would send:      -- Build actual result ... with __dbt__cte__model as (...) select ... as "actual_or_expected"
    Query Service refuses it:  what a leading comment does is not documented, nor two underscores in a row in any name. -#}
{% macro postgres__get_unit_test_sql(main_sql, expected_fixture_sql, expected_column_names) -%}
with actual_rows as (
  select {{ expected_column_names | join(', ') }}, 'actual' as actual_or_expected
  from (
    {{ main_sql }}
  ) as actual_result
),

expected_rows as (
  select {{ expected_column_names | join(', ') }}, 'expected' as actual_or_expected
  from (
    {{ expected_fixture_sql }}
  ) as expected_result
)

select * from actual_rows
union all
select * from expected_rows
{%- endmacro %}
