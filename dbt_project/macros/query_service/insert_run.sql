{#- Stock dbt would send:      insert into t ("a","b") ( select "a","b" from tmp )
    Query Service refuses it:  a parenthesised select; columns are matched by position, so all are listed in table order.
    The guard is in the statement itself: an INSERT whose answer was lost may have been carried out. -#}
{% macro insert_run(relation, run, names, sql, path='run_id') -%}
  insert into {{ bare_name(relation) }}
  select {{ names | join(', ') }}
  from (
    {{ sql }}
  ) as new_rows
  where not exists (
    select 1 from {{ bare_name(relation) }} as present where present.{{ path }} = {{ text_literal(run) }}
  )
{%- endmacro %}
