{#- Stock dbt would send:      alter table t add column "a" integer, drop column "b", as `on_schema_change` says.
    Query Service refuses it:  DROP COLUMN and a change of type; see add_new_columns.
    Returns the select list of an append, in the table's order. -#}
{% macro columns_to_append(table, sql) -%}
  {%- set mode = incremental_validate_on_schema_change(config.get('on_schema_change'), default='ignore') -%}
  {%- set there = adapter.get_columns_in_relation(table) | map(attribute='name') | map('lower') | list -%}
  {%- set given = columns_of(sql) | map(attribute='name') | map('lower') | list -%}
  {%- set gone, fresh = there | reject('in', given) | list, given | reject('in', there) | list -%}
  {%- if mode == 'ignore' and not gone -%}
    {{ return(there) }}
  {%- elif mode == 'append_new_columns' or not (gone or fresh) -%}
    {{ return(add_new_columns(table, sql)) }}
  {%- elif mode == 'sync_all_columns' and not gone -%}
    {{ return(add_new_columns(table, sql)) }}
  {%- endif -%}
  {%- do exceptions.raise_compiler_error(
    "The columns of " ~ bare_name(this) ~ " are out of step with its SQL: it no longer gives (" ~ gone | join(', ') ~ "), it newly"
    ~ " gives (" ~ fresh | join(', ') ~ "), and on_schema_change is " ~ mode ~ ". No column can be dropped in Query Service. Set"
    ~ " on_schema_change: append_new_columns (what is gone is NULL in new rows), or build it anew with --full-refresh."
  ) -%}
{%- endmacro %}
