{#- Stock dbt would send:      drop schema if exists "public" cascade
    Query Service refuses it:  DROP SCHEMA takes a data group, and our names lie in none: nothing is to be dropped (see
                               postgres__create_schema for the statement). `drop_my_relations` drops what has your prefix. -#}
{% macro postgres__drop_schema(relation) -%}
  {%- call statement('drop_schema') -%}
    show tables
  {%- endcall -%}
{%- endmacro %}
