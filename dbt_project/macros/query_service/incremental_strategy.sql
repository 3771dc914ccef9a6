{#- Stock dbt would send:      delete from t using tmp where key = key, or merge into t, to replace what a unique key names.
    Query Service refuses it:  DELETE and MERGE: rows are added and never change.
    Returns `append`; an error that says what there is for every other strategy. -#}
{% macro incremental_strategy() -%}
  {%- set asked = config.get('incremental_strategy') -%}
  {%- set unique_key = config.get('unique_key') -%}
  {%- if asked == 'append' or (asked in (none, 'default') and not unique_key) -%}
    {{ return('append') }}
  {%- endif -%}
  {%- if asked not in (none, 'default', 'by_day', 'delete+insert', 'merge', 'microbatch') -%}
    {%- do adapter.get_incremental_strategy_macro(context, asked) -%}
  {%- endif -%}
  {%- if asked == 'by_day' -%}
    {%- do exceptions.raise_compiler_error(
      model.name ~ " is built by day: filter its events `where {" ~ "{ days_of_this_run() }" ~ "}`."
    ) -%}
  {%- endif -%}
  {%- do exceptions.raise_compiler_error(
    model.name ~ ": " ~ ("a unique_key" if asked in (none, 'default') else "the incremental strategy " ~ asked)
    ~ " replaces rows, and Query Service has neither DELETE nor MERGE: its tables are append-only. Append only new rows"
    ~ " (incremental_strategy: append, without unique_key, filtered under is_incremental()); or, where old days change, a model"
    ~ " of events is built by day: filter its events `where {" ~ "{ days_of_this_run() }" ~ "}`."
  ) -%}
{%- endmacro %}
