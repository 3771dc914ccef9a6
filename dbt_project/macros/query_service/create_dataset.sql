{#- Stock dbt would send:      create table "name" as ( ... ), and nothing about schemas, identities or Profile.
    Query Service refuses it:  nothing; WITH (schema, rowvalidation) is documented for CREATE TABLE AS. Rows that are there
                               before the label PROFILE are not sent to Profile, and the label needs a primary identity,
                               which an ad hoc schema gets only afterwards. So a dataset for Profile is made empty (WHERE 1=0)
                               and gets its identities and labels before its first rows. -#}
{% macro create_dataset(relation, run, about, sql) -%}
  {%- set options = [] -%}
  {%- if about.xdm_schema -%}
    {%- do options.append('schema = ' ~ text_literal(about.xdm_schema)) -%}
  {%- endif -%}
  {%- if about.row_validation is defined -%}
    {%- do options.append("rowvalidation = '" ~ (about.row_validation | string | lower) ~ "'") -%}
  {%- endif -%}
  {%- set with_options = ' with (' ~ options | join(', ') ~ ')' if options else '' -%}
  {%- if about.profile and target.name == 'prod' -%}
    {%- call statement('make_empty') -%}
      create table if not exists {{ bare_name(relation) }}{{ with_options }} as {{ get_empty_subquery_sql(sql) }}
    {%- endcall -%}
    {%- do apply_dataset_settings(relation, about) -%}
    {%- set names = [] -%}
    {%- for column in adapter.get_columns_in_relation(relation) -%}
      {%- do names.append(column.name) -%}
    {%- endfor -%}
    {%- call statement('main') -%}
      {{ insert_run(relation, run, names, sql, run_path(about)) }}
    {%- endcall -%}
  {%- else -%}
    {%- call statement('main') -%}
      create table if not exists {{ bare_name(relation) }}{{ with_options }} as {{ sql }}
    {%- endcall -%}
    {%- do apply_dataset_settings(relation, about) -%}
  {%- endif -%}
{%- endmacro %}
