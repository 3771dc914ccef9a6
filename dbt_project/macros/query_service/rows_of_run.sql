{#- Stock dbt would send:      delete from t where run_id = ... before it inserts a run again.
    Query Service refuses it:  rows cannot be deleted, so a run that is there already is counted and left alone. -#}
{% macro rows_of_run(relation, run, path='run_id') -%}
  {%- set answer = run_query(
    'select count(*) as row_count from ' ~ bare_name(relation) ~ ' where ' ~ path ~ ' = ' ~ text_literal(run)
  ) -%}
  {{ return(answer.rows[0][0] | int) }}
{%- endmacro %}
