{#- Stock dbt would send:      select count(*) from pg_namespace where nspname = 'public'
    Query Service refuses it:  pg_catalog is not documented. There is one namespace, and it is always there. -#}
{% macro postgres__check_schema_exists(information_schema, schema) -%}
  {{ return([[1]]) }}
{%- endmacro %}
