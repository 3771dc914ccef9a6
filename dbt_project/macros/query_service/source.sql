{#- Stock dbt would send:      select ... from "prod:all"."public"."propensity_events"
    Query Service refuses it:  double quotes and dots cannot be combined, and the database's name has a colon. With `--empty`
                               and `--sample` a reference is a sub-select: without an alias of dbt's own, which Spark does
                               not need, the model's own alias may follow. -#}
{% macro source() -%}
  {%- if execute -%}
    {%- do refuse_expired_token() -%}
  {%- endif -%}
  {%- set relation = builtins.source(*varargs) -%}
  {%- set bare = relation.include(database=false, schema=false).quote(database=false, schema=false, identifier=false) -%}
  {{ return(bare.incorporate(require_alias=false)) }}
{%- endmacro %}
