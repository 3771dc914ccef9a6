{#- Stock dbt would send:      create temporary table ...; delete from t using tmp where key = key; insert into t (...)
    Query Service refuses it:  TEMPORARY and DELETE; tables are append-only. So rows are kept by day: a day that changed is
                               appended again as a whole, and the view `{name}` shows the newest complete version of each.

    A model that does not filter by days_of_this_run() appends its rows as they come (append_rows), unless its
    `incremental_strategy` is `by_day`. The rest of this is for a model of events by user and day, with the columns user_id,
    activity_date, event_type, standing, n and first_event_ms, whose SQL filters `event_at` with days_of_this_run(). `{name}_t...` holds the rows with the id of their
    load, `{name}_days` says which days a load holds, and makes it count; `{name}_state` is the checkpoint. Which days
    changed stands in the source `event_days`, which the runner brings up to date. Where that cannot be known
    (why_every_day), all days are built into a new table; the old one is dropped after a grace (`table_grace_hours`, 24).

    Killed anywhere, a build leaves the view as it was; the next one finds its load by the load's id (made from what it
    is built from) and goes on, or, where more has changed meanwhile, appends a newer one. -#}
{% materialization incremental, adapter='postgres' %}
  {%- do refuse_other_kind(this, 'view') -%}
  {%- set stem, days_table = bare_name(this) ~ '_t', bare_name(this) ~ '_days' -%}
  {%- set every_day = days_of_this_run() | trim -%}
  {{ run_hooks(pre_hooks) }}
  {%- if every_day not in sql -%}
    {%- do incremental_strategy() -%}
    {%- do run_sql_header() -%}
    {%- do append_rows(sql | replace(this | string, bare_name(this))) -%}
    {{ run_hooks(post_hooks) }}
    {%- do adapter.commit() -%}
    {{ return({'relations': [this.incorporate(type='view')]}) }}
  {%- endif -%}
  {%- set built, known, definition = state_of(bare_name(this)), event_days_read(), definition_of(sql) -%}
  {%- set reason = why_every_day(built, known, definition) -%}
  {%- set days = none if reason else days_to_build(days_table, built, known) -%}
  {%- set load = {
    'sequence': (built.sequence if built else 0) + 1, 'definition': definition,
    'base': known.base if known else '', 'through': known.load if known else 0
  } -%}
  {%- set base = load.base or newest_snapshot(source('experience_platform', 'events')) -%}
  {%- set made_from = [definition, base, load.through, load.sequence, days] | tojson -%}
  {%- set attempt = namespace(id='', copies=2) -%}
  {%- for n in range(9) -%}
    {%- if attempt.copies > 1 -%}
      {%- set attempt.id = local_md5(made_from ~ n) -%}
      {%- set table = built.table_name if days is not none else stem ~ attempt.id[:12] -%}
      {%- set attempt.copies = copies_in_load(table, attempt.id) if table in show_names('tables') else 0 -%}
    {%- endif -%}
  {%- endfor -%}
  {%- do load.update({'id': attempt.id, 'table': built.table_name if days is not none else stem ~ attempt.id[:12]}) -%}

  {%- set rows_of_load -%}
    select
      {{ text_literal(load.id) }} as load_id,
      by_day.*
    from (
      {{ sql if days is none else sql | replace(every_day, days_condition(days)) }}
    ) as by_day
  {%- endset -%}
  {%- if days is not none and not days -%}
    {%- do log(bare_name(this) ~ ': no day has changed', info=True) -%}
    {%- call noop_statement('main', 'ALREADY THERE') -%}{%- endcall -%}
  {%- elif attempt.copies == 1 -%}
    {%- do log(bare_name(this) ~ ': the rows of a build that was cut off are there', info=True) -%}
    {%- call noop_statement('main', 'ROWS WERE THERE') -%}{%- endcall -%}
  {%- elif days is none -%}
    {%- do log(bare_name(this) ~ ': all days are built, because ' ~ reason, info=True) -%}
    {%- do count_cost() -%}
    {%- call statement('main') -%}
      create table if not exists {{ load.table }} as {{ rows_of_load }} order by activity_date asc nulls last
    {%- endcall -%}
  {%- else -%}
    {%- do log(bare_name(this) ~ ': ' ~ (days | length) ~ ' days have changed', info=True) -%}
    {%- do count_cost(share_of_days(days)) -%}
    {%- call statement('main') -%}
      insert into {{ load.table }}
      {{ rows_of_load }}
      where not exists (
        select 1 from {{ load.table }} as present where present.load_id = {{ text_literal(load.id) }}
      )
      order by activity_date asc nulls last
    {%- endcall -%}
  {%- endif -%}
  {%- if days is none or days -%}
    {%- call statement('note_days') -%}
      {{ note_days(days_table, load, days) }}
    {%- endcall -%}
  {%- endif -%}
  {%- if days is none or days or load.through > built.through -%}
    {%- do keep_state(bare_name(this), {
      'table_name': load.table, 'definition': load.definition, 'base': load.base, 'through': load.through,
      'sequence': load.sequence, 'after_now_ms': earliest_after_now(days_table, load.table)
    }) -%}
  {%- endif -%}
  {%- set names = [] -%}
  {%- for column in columns_of('select * from ' ~ load.table) if column.name != 'load_id' -%}
    {%- do names.append('by_day.' ~ column.name) -%}
  {%- endfor -%}
  {%- call statement('switch_view') -%}
    create or replace view {{ bare_name(this) }} as
    select {{ names | join(', ') }}
    from {{ load.table }} as by_day
    inner join (
      select distinct
        activity_date,
        load_id
      from (
        {{ newest_days(days_table, load.table) }}
      ) as days
    ) as newest on by_day.load_id = newest.load_id and by_day.activity_date <=> newest.activity_date
  {%- endcall -%}
  {%- do drop_old_tables(stem, load.table, days_table, config.get('table_grace_hours', 24)) -%}
  {{ run_hooks(post_hooks) }}
  {%- do adapter.commit() -%}
  {{ return({'relations': [this.incorporate(type='view')]}) }}
{% endmaterialization %}
