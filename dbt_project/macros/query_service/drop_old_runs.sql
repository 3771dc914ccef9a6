{#- Stock dbt would send:      drop table if exists "name__dbt_backup" cascade
    Query Service refuses it:  CASCADE. Tables of former runs are dropped after a grace (`table_grace_hours`, 24): a reader may
                               still be in them. -#}
{% macro drop_old_runs(stem, current) -%}
  {%- set grace = modules.datetime.timedelta(hours=config.get('table_grace_hours', 24)) -%}
  {%- set oldest = stem ~ (run_started_at - grace).strftime('%Y%m%d%H%M%S%f')[:17] -%}
  {%- for name in show_names('tables') if modules.re.fullmatch(stem ~ '[0-9]{17}', name) and name < oldest and name != current -%}
    {%- call statement('drop_old_run') -%}
      drop table if exists {{ name }}
    {%- endcall -%}
  {%- endfor -%}
{%- endmacro %}
