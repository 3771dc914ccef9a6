{#- Stock dbt would send:      delete from t where ...; insert into t ("a","b") ( select ... )
    Query Service refuses it:  tables are append-only and INSERT must not be parenthesised. So `{name}_runs` is made once
                               (its dataset id is what exports and labels refer to), each run INSERTs its rows under its
                               run id, and the view `{name}` moves to the run only when its rows are right; the view
                               `{name}_state` then names the run and the snapshot, so that a repeat reads nothing as long
                               as nobody takes rows out.

    Model config: meta.propensity.use_case (required), rows_of and rows_where (the relation and condition whose count the
    run must have). meta.query_service, all optional: xdm_schema (title) and row_validation, which hold from creation and
    cannot be changed; identities {column: {namespace, primary}} and profile (true, upsert), added whenever they are missing;
    paths (run_path); usage_labels, which the runner puts on the dataset (there is no statement for them). What changes
    later is applied or refused, never ignored (refuse_changed_settings). Targets other than `prod` make the dataset anew
    when anything has changed, so that an engineer sees every change at once. -#}
{% materialization dataset, adapter='postgres' %}
  {%- do refuse_other_kind(this, 'view') -%}
  {%- set about = config.get('meta', {}).get('propensity', {}) -%}
  {%- set optional = ['xdm_schema', 'row_validation', 'identities', 'profile', 'paths', 'usage_labels'] -%}
  {%- set kept = query_service_config(model, [], optional) -%}
  {%- do refuse_impossible_settings(kept) -%}
  {%- set run = run_id(about.use_case) -%}
  {%- set runs = this.incorporate(path={'identifier': bare_name(this) ~ '_runs'}, type='table') -%}
  {%- set existing = adapter.get_relation(this.database, this.schema, bare_name(runs)) -%}
  {{ run_hooks(pre_hooks) }}
  {%- if config.get('contract').enforced -%}
    {{ get_assert_columns_equivalent(sql) }}
  {%- endif -%}
  {%- set state = state_of(bare_name(this)) if existing is not none else none -%}
  {%- set made_from = dataset_made_from(sql) -%}
  {#- A snapshot more means that rows came or went, so that the run is counted. -#}
  {%- set complete = state is not none and state.run_id == run and state.get('snapshot') == newest_snapshot(runs) -%}
  {%- if existing is not none and target.name != 'prod' and not (made_from and state and state.made_from == made_from) -%}
    {%- call statement('forget_state') -%}
      drop view if exists {{ bare_name(this) }}_state
    {%- endcall -%}
    {%- do adapter.drop_relation(existing) -%}
    {%- set existing, state, complete = none, none, false -%}
  {%- endif -%}
  {%- set settings = settings_of_dataset(kept) -%}
  {%- set before = fromjson(state.get('settings') or '{}') if state else {} -%}
  {%- set question = use_case(about.use_case).copy() -%}
  {%- do question.pop('audience', none) -%}
  {%- set question = question | tojson -%}
  {%- if existing is not none -%}
    {%- do refuse_changed_settings(bare_name(runs), before, fromjson(settings)) -%}
  {%- endif -%}
  {%- if existing is none -%}
    {%- do count_cost() -%}
    {#- Before the dataset itself: what it was made with is known even where the build is cut off right after. -#}
    {%- do keep_state(bare_name(this), {'run_id': '', 'made_from': '', 'settings': settings}) -%}
    {%- do create_dataset(runs, run, kept, sql) -%}
  {%- elif complete -%}
    {%- do refuse_missing_columns(runs, run) -%}
    {%- do refuse_changed_question(runs, run, state.get('question'), question) -%}
    {%- do apply_dataset_settings(runs, kept, before) -%}
    {%- do log(bare_name(runs) ~ ' holds run ' ~ run ~ ', counted and complete: nothing is inserted', info=True) -%}
    {%- call noop_statement('main', 'ALREADY THERE') -%}{%- endcall -%}
  {%- elif rows_of_run(runs, run, run_path(kept)) == 0 -%}
    {%- do apply_dataset_settings(runs, kept, before) -%}
    {%- do count_cost() -%}
    {%- set names = add_new_columns(runs, sql, shaped=kept.xdm_schema is defined) -%}
    {%- call statement('main') -%}
      {{ insert_run(runs, run, names, sql, run_path(kept)) }}
    {%- endcall -%}
  {%- else -%}
    {%- do refuse_missing_columns(runs, run) -%}
    {%- if state is not none and state.run_id == run -%}
      {%- do refuse_changed_question(runs, run, state.get('question'), question) -%}
    {%- endif -%}
    {%- do apply_dataset_settings(runs, kept, before) -%}
    {%- do log(bare_name(runs) ~ ' already holds run ' ~ run ~ ': nothing is inserted', info=True) -%}
    {%- call noop_statement('main', 'ALREADY THERE') -%}{%- endcall -%}
  {%- endif -%}
  {%- if not complete -%}
    {%- do check_run(runs, run, about, kept) -%}
  {%- endif -%}
  {%- call statement('switch_view') -%}
    create or replace view {{ bare_name(this) }} as
    select {{ model.columns.keys() | join(', ') }} from {{ bare_name(runs) }}
    where {{ run_path(kept) }} = {{ text_literal(run) }}
  {%- endcall -%}
  {%- do keep_state(bare_name(this), {
    'run_id': run, 'made_from': made_from, 'settings': settings, 'question': question, 'snapshot': newest_snapshot(runs)
  }) -%}
  {{ run_hooks(post_hooks) }}
  {%- do adapter.commit() -%}
  {{ return({'relations': [this.incorporate(type='view'), runs]}) }}
{% endmaterialization %}
