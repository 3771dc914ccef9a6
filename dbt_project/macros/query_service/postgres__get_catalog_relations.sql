{#- Stock dbt would send:      a join of pg_class, pg_attribute and pg_description for `dbt docs generate`.
    Query Service refuses it:  pg_catalog is not documented; each relation is asked for the description of an empty result. -#}
{% macro postgres__get_catalog_relations(information_schema, relations) -%}
  {%- set rows = [] -%}
  {%- set views = show_names('views', others=true) -%}
  {%- set tables = show_names('tables', others=true) -%}
  {%- for relation in relations if relation.identifier in views or relation.identifier in tables -%}
    {%- set kind = 'VIEW' if relation.identifier in views else 'BASE TABLE' -%}
    {%- for column in adapter.get_columns_in_relation(relation) -%}
      {%- do rows.append([relation.identifier, kind, column.name, loop.index, column.dtype]) -%}
    {%- endfor -%}
  {%- endfor -%}
  {%- call statement('catalog', fetch_result=True, auto_begin=False) -%}
    {%- for name, kind, column_name, column_index, column_type in rows %}
    select
      {{ text_literal(target.database) }} as table_database,
      {{ text_literal(target.schema) }} as table_schema,
      {{ text_literal(name) }} as table_name,
      {{ text_literal(kind) }} as table_type,
      cast(null as string) as table_comment,
      {{ text_literal(column_name) }} as column_name,
      {{ column_index }} as column_index,
      {{ text_literal(column_type) }} as column_type,
      cast(null as string) as column_comment,
      cast(null as string) as table_owner
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
  {%- endcall -%}
  {{ return(load_result('catalog').table) }}
{%- endmacro %}
