{#- Stock dbt would send:      select ... from "prod:all"."public"."propensity_events"
    Query Service refuses it:  double quotes and dots cannot be combined, and the database's name has a colon. -#}
{% macro source() -%}
  {%- if execute -%}
    {%- do refuse_expired_token() -%}
  {%- endif -%}
  {%- set relation = builtins.source(*varargs) -%}
  {{ return(relation.include(database=false, schema=false).quote(database=false, schema=false, identifier=false)) }}
{%- endmacro %}
