{#- Stock dbt would send:      select distinct nspname from pg_namespace
    Query Service refuses it:  pg_catalog is not documented. There is one namespace, so nothing needs to be asked. -#}
{% macro postgres__list_schemas(database) -%}
  {%- do refuse_expired_token() -%}
  {{ return([[target.schema]]) }}
{%- endmacro %}
