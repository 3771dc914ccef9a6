{#- Stock dbt would send:      nothing; a unique key is kept by MERGE.
    Query Service refuses it:  MERGE. Of a load that is there already but not noted (its build was cut off), this says how
                               often its rows are there: two builds at the same moment may both have passed the guard.
    Returns 0 where it is not there, else the most copies of one row. -#}
{% macro copies_in_load(table, load_id) -%}
  {%- set found = run_query(
    'select max(copies) as copies from (select count(*) as copies from ' ~ table ~ ' where load_id = '
    ~ text_literal(load_id) ~ ' group by user_id, activity_date, event_type, standing) as by_key'
  ).rows -%}
  {{ return(found[0][0] | int if found[0][0] is not none else 0) }}
{%- endmacro %}
