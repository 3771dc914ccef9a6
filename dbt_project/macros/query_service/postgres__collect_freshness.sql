{#- Stock dbt would send:      select max(timestamp) as max_loaded_at, now() as snapshotted_at from "prod:all"."public"."t"
    Query Service refuses it:  double quotes and dots cannot be combined. Times there are UTC without a zone. -#}
{% macro postgres__collect_freshness(source, loaded_at_field, filter) -%}
  {%- call statement('collect_freshness', fetch_result=True, auto_begin=False) -%}
    select
      max({{ loaded_at_field }}) as max_loaded_at,
      current_timestamp() as snapshotted_at
    from {{ bare_name(source) }}
    {%- if filter %}
    where {{ filter }}
    {%- endif %}
  {%- endcall -%}
  {{ return(load_result('collect_freshness')) }}
{%- endmacro %}
