{#- Stock dbt would send:      nothing: a transaction makes all rows of a load visible together.
    Query Service refuses it:  there is no rollback of data. A load is complete once its days are noted here, last and in
                               one statement; a day that has no rows any more is noted too, so that its old rows do not
                               count. Guarded like every INSERT: its answer may be lost. -#}
{% macro note_days(days_table, load, days) -%}
  {%- set noted -%}
    select
      cast({{ load.sequence }} as bigint) as sequence,
      {{ text_literal(load.id) }} as load_id,
      {{ text_literal(load.table) }} as table_name,
      noted.activity_date,
      counted.standing,
      coalesce(counted.event_rows, cast(0 as bigint)) as event_rows,
      counted.first_event_ms,
      current_timestamp() as built_at
    from (
      {%- if days is none %}
      select distinct activity_date from {{ load.table }}
      {%- endif %}
      {%- for day in days or [] %}
      select cast({{ 'null' if day is none else text_literal(day) }} as date) as activity_date
      {%- if not loop.last %}
      union all
      {%- endif %}
      {%- endfor %}
    ) as noted
    left join (
      select
        activity_date,
        standing,
        sum(n) as event_rows,
        min(first_event_ms) as first_event_ms
      from {{ load.table }}
      where load_id = {{ text_literal(load.id) }}
      group by activity_date, standing
    ) as counted on noted.activity_date <=> counted.activity_date
  {%- endset -%}
  {%- if days_table in show_names('tables') -%}
    insert into {{ days_table }}
    select * from (
      {{ noted }}
    ) as days
    where not exists (
      select 1 from {{ days_table }} as present where present.load_id = {{ text_literal(load.id) }}
    )
  {%- else -%}
    create table if not exists {{ days_table }} as {{ noted }}
  {%- endif -%}
{%- endmacro %}
