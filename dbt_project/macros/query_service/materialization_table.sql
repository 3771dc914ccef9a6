{#- Stock dbt would send:      create table "name__dbt_tmp" as ( ... ); rename the old, rename the new, drop ... cascade
    Query Service refuses it:  `__`, RENAME and CASCADE. So each run writes a table of its own and the stable name, a
                               view, is switched to it; a reader never misses the table, tables of old runs are dropped
                               after a grace (`table_grace_hours`, 24). For what only SQL reads: dataset ids change. -#}
{% materialization table, adapter='postgres' %}
  {%- do refuse_other_kind(this, 'view') -%}
  {%- set stem = bare_name(this) ~ '_t' -%}
  {%- set physical = name_of_new_table(stem) -%}
  {{ run_hooks(pre_hooks) }}
  {%- do run_sql_header() -%}
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
  {%- do drop_old_runs(stem, physical) -%}
  {{ run_hooks(post_hooks) }}
  {%- do adapter.commit() -%}
  {{ return({'relations': [this.incorporate(type='view')]}) }}
{% endmaterialization %}
