{#- Stock dbt would send:      delete from t where day in (...) before it inserts a day again.
    Query Service refuses it:  rows cannot be deleted. So a day that changed is appended again as a whole, and this says
                               which load holds its newest complete version: a load counts once its days are noted. -#}
{% macro newest_days(days_table, table) -%}
  select *
  from (
    select
      activity_date,
      standing,
      event_rows,
      first_event_ms,
      load_id,
      max(struct(sequence as sequence, load_id as load_id)) over (partition by activity_date) as newest
    from {{ days_table }}
    where table_name = {{ text_literal(table) }}
  ) as noted
  where load_id = newest.load_id
{%- endmacro %}
