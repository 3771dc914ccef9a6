{#- Stock dbt would send:      select tablename from pg_tables where schemaname ilike 'public'
    Query Service refuses it:  pg_catalog is not documented; SHOW TABLES and SHOW VIEWS are. Unless `others` is asked for,
                               targets other than `prod` see only the names with their own prefix. -#}
{% macro show_names(what, others=false) -%}
  {%- call statement('show_names', fetch_result=True, auto_begin=False) -%}
    show {{ what }}
  {%- endcall -%}
  {%- set listed = load_result('show_names').table -%}
  {%- set prefix = '' if others or target.name == 'prod' else target.schema ~ '_' -%}
  {%- set names = [] -%}
  {%- for column in listed.column_names if column | lower == 'name' -%}
    {%- for name in listed.columns[column].values() if name.startswith(prefix) -%}
      {%- do names.append(name) -%}
    {%- endfor -%}
  {%- endfor -%}
  {{ return(names) }}
{%- endmacro %}
