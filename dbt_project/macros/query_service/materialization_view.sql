{#- Stock dbt would send:      create view "name__dbt_tmp" as ( ... ); alter view ... rename; drop view ... cascade
    Query Service refuses it:  `__`, RENAME and CASCADE; CREATE OR REPLACE VIEW is the one documented replace. -#}
{% materialization view, adapter='postgres' %}
  {%- do refuse_other_kind(this, 'view') -%}
  {{ run_hooks(pre_hooks) }}
  {%- do run_sql_header() -%}
  {%- if config.get('contract').enforced -%}
    {{ get_assert_columns_equivalent(sql) }}
  {%- endif -%}
  {%- call statement('main') -%}
    create or replace view {{ bare_name(this) }} as {{ sql }}
  {%- endcall -%}
  {{ run_hooks(post_hooks) }}
  {%- do adapter.commit() -%}
  {{ return({'relations': [this.incorporate(type='view')]}) }}
{% endmaterialization %}
