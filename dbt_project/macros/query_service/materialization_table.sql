{#- Stock dbt would send:      create table "name__dbt_tmp" as ( ... ); rename the old, rename the new, drop ... cascade
    Query Service refuses it:  `__`, RENAME and CASCADE. So each run writes a table of its own and the stable name, a
                               view, is switched to it; a reader never misses the table, tables of old runs are dropped
                               after a grace (`table_grace_hours`, 24). For what only SQL reads: dataset ids change. -#}
{% materialization table, adapter='postgres' %}
  {%- do refuse_other_kind(this, 'view') -%}
  {%- set stem = bare_name(this) ~ '_t' -%}
  {%- set physical = stem ~ run_started_at.strftime('%Y%m%d%H%M%S%f')[:17] -%}
  {{ run_hooks(pre_hooks) }}
  {%- if config.get('contract').enforced -%}
    {{ get_assert_columns_equivalent(sql) }}
  {%- endif -%}
  {%- do count_cost() -%}
  {%- call statement('main') -%}
    create table {{ physical }} as {{ sql }}
  {%- endcall -%}
  {%- call statement('switch_view') -%}
    create or replace view {{ bare_name(this) }} as select * from {{ physical }}
  {%- endcall -%}
  {%- set grace = modules.datetime.timedelta(hours=config.get('table_grace_hours', 24)) -%}
  {%- set oldest = stem ~ (run_started_at - grace).strftime('%Y%m%d%H%M%S%f')[:17] -%}
  {%- for name in show_names('tables') if modules.re.fullmatch(stem ~ '[0-9]{17}', name) and name < oldest -%}
    {%- call statement('drop_old_run') -%}
      drop table if exists {{ name }}
    {%- endcall -%}
  {%- endfor -%}
  {{ run_hooks(post_hooks) }}
  {%- do adapter.commit() -%}
  {{ return({'relations': [this.incorporate(type='view')]}) }}
{% endmaterialization %}
