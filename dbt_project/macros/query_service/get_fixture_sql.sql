{#- Stock dbt would send:      select null as a limit 0 for a fixture without rows, and "quoted" column names.
    Query Service refuses it:  nothing: LIMIT 0 means every row there, so the empty fixture would have one. WHERE 1=0.
                               Rows that say `at` are events, of which int_activity_as_of's own SQL makes its rows. -#}
{% macro get_fixture_sql(rows, column_name_to_data_types) -%}
  {%- if rows and rows[0].at is defined -%}
    {{ return(activity_of_events(rows)) }}
  {%- endif -%}
  {%- set types = column_name_to_data_types or {} -%}
  {%- if not types -%}
    {%- for column in adapter.get_columns_in_relation(this) -%}
      {%- do types.update({column.name | lower: column.dtype}) -%}
    {%- endfor -%}
  {%- endif -%}
  {%- if not types and this.name != model.name -%}
    {%- do exceptions.raise_compiler_error(
      "A unit test gives rows of " ~ this.name ~ ", which is not built in this target yet, so nobody knows the types of its"
      ~ " columns. Build it first, with or without rows: propensity dbt -- run --empty --select +" ~ model.name
    ) -%}
  {%- endif -%}
  {%- set empty = {} -%}
  {%- for name, data_type in types.items() -%}
    {%- do empty.update({name: 'cast(null as ' ~ data_type ~ ')'}) -%}
  {%- endfor -%}
  {{ fixture_rows(rows, types, empty) }}
{%- endmacro %}
