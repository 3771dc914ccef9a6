{#- Stock dbt would send:      nothing: it learns what a model cost from the answer, on engines that say so.
    Query Service refuses it:  nothing; its answers say nothing of cost. So what a model will read is estimated before it runs:
                               all snapshots of each table behind it (history_meta: batches, rows, bytes), less what its
                               filter by day leaves out (`share`); hours are the seconds that it took last time, waiting
                               included. Both are estimates and called so.
    Stops the run before the model that would pass `max_scanned_gb` or `max_compute_hours` of propensity.yml. -#}
{% macro count_cost(share=1.0) -%}
  {%- set read = {'batches': 0, 'rows': 0, 'bytes': 0} -%}
  {%- for table in tables_read(model) -%}
    {%- set found = run_query(
      "select count(*) as batches, coalesce(sum(output_record_count), 0) as row_count,"
      ~ " coalesce(sum(output_byte_size), 0) as bytes from (select history_meta('" ~ table ~ "')) as history"
    ).rows[0] -%}
    {%- do read.update({
      'batches': read.batches + found[0] | int, 'rows': read.rows + found[1] | int, 'bytes': read.bytes + found[2] | int
    }) -%}
  {%- endfor -%}
  {%- do read.update({'rows': (read.rows * share) | round | int, 'bytes': (read.bytes * share) | round | int}) -%}
  {%- set handed_over = fromjson(env_var('PROPENSITY_VARS', '{}')) -%}
  {%- set past = var('past_seconds', handed_over.get('past_seconds', {})) -%}
  {#- dbt keeps one `graph` for all models of a run, so the sum so far is kept in it. -#}
  {%- set before = graph.get('propensity_spent', {'bytes': 0, 'seconds': 0}) -%}
  {%- set spent = {'bytes': before.bytes + read.bytes, 'seconds': before.seconds + past.get(model.name, 0)} -%}
  {%- for key, unit, value in [
    ('max_scanned_gb', 'GB read', spent.bytes / 1000000000), ('max_compute_hours', 'hours', spent.seconds / 3600)
  ] -%}
    {%- set limit = var(key, handed_over.get(key, generated_settings().get(key))) -%}
    {%- if limit is not none and value > limit -%}
      {%- do exceptions.raise_compiler_error(
        "Stopped before " ~ model.name ~ ": with it this run comes to about " ~ '%.3g' | format(value) ~ " " ~ unit
        ~ " (an estimate), and " ~ key ~ " is " ~ limit ~ ". What was built stays. Raise " ~ key ~ " in propensity.yml, or"
        ~ " select less."
      ) -%}
    {%- endif -%}
  {%- endfor -%}
  {%- do graph.update({'propensity_spent': spent}) -%}
  {%- do read.update({'model': model.name}) -%}
  {%- do log('reads ' ~ tojson(read), info=True) -%}
{%- endmacro %}
