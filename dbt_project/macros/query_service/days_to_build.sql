{#- Stock dbt would send:      select max(...) from this, to go on from there.
    Query Service refuses it:  nothing. But a day changes long after it ended, and events from the future become usable.
    Returns the days (ISO dates; none: rows without a time) that changed since a build: those whose batches came or went,
    and those with events that were after now then and are not any more. -#}
{% macro days_to_build(days_table, built, known) -%}
  {%- set parts = [] -%}
  {%- if known.load > built.through -%}
    {%- do parts.append(
      "select cast(activity_date as string) as changed_day from (select activity_date, fact, load_number,"
      ~ " max(case when fact = 'gone' then load_number end) over (partition by batch_id) as gone_in from "
      ~ bare_name(source('experience_platform', 'event_days')) ~ " where events_table = "
      ~ text_literal(bare_name(source('experience_platform', 'events'))) ~ " and base_snapshot = "
      ~ text_literal(known.base) ~ ") as facts where fact = 'day' and (load_number > " ~ built.through
      ~ " or gone_in > " ~ built.through ~ ")"
    ) -%}
  {%- endif -%}
  {%- if built.after_now_ms is not none -%}
    {%- do parts.append(
      "select cast(activity_date as string) as changed_day from (" ~ newest_days(days_table, built.table_name) ~ ") as days"
      ~ " where standing = 'after now' and first_event_ms <= unix_timestamp(current_timestamp()) * 1000"
    ) -%}
  {%- endif -%}
  {%- set days = [] -%}
  {%- if parts -%}
    {%- for row in run_query('select distinct changed_day from (' ~ (parts | join(' union all '))
      ~ ') as found order by changed_day asc nulls last').rows -%}
      {%- do days.append(row[0]) -%}
    {%- endfor -%}
  {%- endif -%}
  {{ return(days) }}
{%- endmacro %}
