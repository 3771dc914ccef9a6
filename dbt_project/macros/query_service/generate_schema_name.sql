{#- Stock dbt would send:      create schema if not exists "public_staging" for a custom schema.
    Query Service refuses it:  CREATE SCHEMA needs database.schema and makes a data group; there is one namespace. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {{ return(target.schema) }}
{%- endmacro %}
