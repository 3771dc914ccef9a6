{#- Stock dbt would send:      a union over pg_tables, pg_views, pg_matviews and pg_proc.
    Query Service refuses it:  pg_catalog is not documented; SHOW TABLES and SHOW VIEWS are. Other prefixes stay unseen. -#}
{% macro postgres__list_relations_without_caching(schema_relation) -%}
  {%- set relations = [] -%}
  {%- if var('offline', false) -%}
    {{ return(relations) }}
  {%- endif -%}
  {%- set views = show_names('views') -%}
  {%- for name in views -%}
    {%- do relations.append([target.database, name, target.schema, 'view']) -%}
  {%- endfor -%}
  {%- for name in show_names('tables') if name not in views -%}
    {%- do relations.append([target.database, name, target.schema, 'table']) -%}
  {%- endfor -%}
  {{ return(relations) }}
{%- endmacro %}
