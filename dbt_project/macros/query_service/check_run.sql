{#- Stock dbt would send:      nothing: a transaction makes rows and name visible together.
    Query Service refuses it:  there is no rollback of data, so a run is counted before the stable name moves to it. -#}
{% macro check_run(relation, run, about, kept={}) -%}
  {%- set key = run_path(kept, 'user_id') ~ ', ' ~ run_path(kept, 'as_of') -%}
  {%- set found = run_query(
    'select count(*) as keys, coalesce(sum(copies), 0) as row_count from (select ' ~ key ~ ', count(*) as copies from '
    ~ bare_name(relation) ~ ' where ' ~ run_path(kept) ~ ' = ' ~ text_literal(run) ~ ' group by ' ~ key ~ ') as by_key'
  ).rows[0] -%}
  {%- set keys, row_count = found[0] | int, found[1] | int -%}
  {%- set expected = row_count -%}
  {%- if about.rows_of is defined -%}
    {%- set expected = run_query(
      'select count(*) as row_count from ' ~ bare_name(ref(about.rows_of)) ~ ' where ' ~ about.rows_where
    ).rows[0][0] | int -%}
  {%- endif -%}
  {%- if keys != row_count or row_count != expected or row_count == 0 -%}
    {%- do exceptions.raise_compiler_error(
      bare_name(relation) ~ " holds " ~ row_count ~ " rows and " ~ keys ~ " keys (user_id, as_of) of run " ~ run
      ~ "; expected " ~ expected ~ " of both. The view still shows the run before. "
      ~ ("A feature model has more than one row for a key: group it by user_id, as_of. " if keys < row_count else "")
      ~ ("Somebody may have built for another as-of date meanwhile, which moves the shared views: build again."
         if row_count == 0
         else "Then delete the batch of this run (Datasets > " ~ bare_name(relation) ~ " > Batches) and build again.")
    ) -%}
  {%- endif -%}
{%- endmacro %}
