{#- Stock dbt would send:      drop table if exists "prod:all"."public"."name" cascade
    Query Service refuses it:  quoted three-part names, and CASCADE belongs to DROP SCHEMA only. -#}
{% macro postgres__drop_table(relation) -%}
  drop table if exists {{ bare_name(relation) }}
{%- endmacro %}
