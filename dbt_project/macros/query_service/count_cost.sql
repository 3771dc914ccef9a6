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
  {%- set own = {'bytes': read.bytes, 'seconds': past.get(model.name, 0)} -%}
  {%- set spent = {'bytes': before.bytes + own.bytes, 'seconds': before.seconds + own.seconds} -%}
  {%- for setting_name, key, unit, factor in [
    ('max_scanned_gb', 'bytes', 'GB read', 1000000000), ('max_compute_hours', 'seconds', 'hours', 3600)
  ] -%}
    {%- set limit = var(setting_name, handed_over.get(setting_name, generated_settings().get(setting_name))) -%}
    {%- if limit is not none and spent[key] / factor > limit -%}
      {%- do exceptions.raise_compiler_error(
        "Stopped before " ~ model.name ~ ": it is about " ~ '%.3g' | format(own[key] / factor) ~ " " ~ unit ~ " (an estimate), with"
        ~ " which this run comes to about " ~ '%.3g' | format(spent[key] / factor) ~ ", and " ~ setting_name ~ " is " ~ limit
        ~ ". What was built stays. Raise " ~ setting_name ~ " in propensity.yml, or select less."
      ) -%}
    {%- endif -%}
  {%- endfor -%}
  {%- do graph.update({'propensity_spent': spent}) -%}
  {#- runner/featurize/command.py reads this line. -#}
  {%- do log(
    model.name ~ " is to read about " ~ read.batches ~ " batches, " ~ read.rows ~ " rows, " ~ read.bytes ~ " bytes (an estimate)",
    info=True
  ) -%}
{%- endmacro %}
