{#- Stock dbt would send:      drop table ... cascade; create table "dbt_test__audit"."not_null_..." as ( ... ); limit N
    Query Service refuses it:  CASCADE, quoted names, two underscores in a row; and LIMIT 0 means every row there. Stored
                               failures go to one table or view of the test's name, made anew each time. -#}
{% materialization test, adapter='postgres' %}
  {%- set relations = [] -%}
  {%- set failing = get_limit_subquery_sql(sql, config.get('limit')) -%}
  {%- if should_store_failures() -%}
    {%- set kind = config.get('store_failures_as') or 'table' -%}
    {%- if kind not in ('table', 'view') -%}
      {%- do exceptions.raise_compiler_error(
        "'" ~ kind ~ "' is not a valid value for `store_failures_as`. Accepted values are: ['ephemeral', 'table', 'view']"
      ) -%}
    {%- endif -%}
    {%- set name = name_of_failures(model.alias) -%}
    {%- set stored = this.incorporate(path={'identifier': name}, type=kind) -%}
    {%- for other in ('table', 'view') if name in show_names(other ~ 's') and not (other == 'view' and kind == 'view') -%}
      {%- call statement('drop_old_failures') -%}
        drop {{ other }} if exists {{ name }}
      {%- endcall -%}
    {%- endfor -%}
    {%- call statement('store_failures') -%}
      create {{ 'or replace view' if kind == 'view' else 'table' }} {{ name }} as {{ failing }}
    {%- endcall -%}
    {%- do relations.append(stored) -%}
    {%- set failing = 'select * from ' ~ name -%}
    {%- do adapter.commit() -%}
  {%- endif -%}
  {%- call statement('main', fetch_result=True) -%}
    {{ get_test_sql(failing, config.get('fail_calc'), config.get('warn_if'), config.get('error_if'), limit=none) }}
  {%- endcall -%}
  {{ return({'relations': relations}) }}
{% endmaterialization %}
