{#- Stock dbt would send:      create schema if not exists "public"
    Query Service refuses it:  CREATE SCHEMA needs database.schema and makes a data group; nothing is to be made. -#}
{% macro postgres__create_schema(relation) -%}
{%- endmacro %}
