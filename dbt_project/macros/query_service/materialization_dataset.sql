{#- Stock dbt would send:      delete from t where ...; insert into t ("a","b") ( select ... )
    Query Service refuses it:  tables are append-only and INSERT must not be parenthesised. So `{name}_runs` is made once
                               (its dataset id is what exports and labels refer to), each run INSERTs its rows under its
                               run id, and the view `{name}` moves to the run only when its rows are right.

    Model config: meta.propensity.use_case (required), rows_of and rows_where (the relation and condition whose count the
    run must have). Targets other than `prod` make the dataset anew, so that an engineer sees every change at once. -#}
{% materialization dataset, adapter='postgres' %}
  {%- do refuse_other_kind(this, 'view') -%}
  {%- set about = config.get('meta', {}).get('propensity', {}) -%}
  {%- set run = run_id(about.use_case) -%}
  {%- set runs = this.incorporate(path={'identifier': bare_name(this) ~ '_runs'}, type='table') -%}
  {%- set existing = adapter.get_relation(this.database, this.schema, bare_name(runs)) -%}
  {{ run_hooks(pre_hooks) }}
  {%- if config.get('contract').enforced -%}
    {{ get_assert_columns_equivalent(sql) }}
  {%- endif -%}
  {%- if existing is not none and target.name != 'prod' -%}
    {%- do adapter.drop_relation(existing) -%}
    {%- set existing = none -%}
  {%- endif -%}
  {%- if existing is none -%}
    {%- call statement('main') -%}
      create table if not exists {{ bare_name(runs) }} as {{ sql }}
    {%- endcall -%}
  {%- elif rows_of_run(runs, run) == 0 -%}
    {%- set names = add_new_columns(runs, sql) -%}
    {%- call statement('main') -%}
      {{ insert_run(runs, run, names, sql) }}
    {%- endcall -%}
  {%- else -%}
    {%- do log(bare_name(runs) ~ ' already holds run ' ~ run ~ ': nothing is inserted', info=True) -%}
    {%- call noop_statement('main', 'ALREADY THERE') -%}{%- endcall -%}
  {%- endif -%}
  {%- do check_run(runs, run, about) -%}
  {%- call statement('switch_view') -%}
    create or replace view {{ bare_name(this) }} as
    select {{ model.columns.keys() | join(', ') }} from {{ bare_name(runs) }} where run_id = {{ text_literal(run) }}
  {%- endcall -%}
  {{ run_hooks(post_hooks) }}
  {%- do adapter.commit() -%}
  {{ return({'relations': [this.incorporate(type='view'), runs]}) }}
{% endmaterialization %}
