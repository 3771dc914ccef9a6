{#- Stock dbt would send:      delete from t where run_id = ...; insert into t ... so that the run is made again with its new column.
    Query Service refuses it:  DELETE. A run is built once, under the contract of its day, and stays readable as it is. -#}
{% macro refuse_missing_columns(relation, run) -%}
  {%- set there = adapter.get_columns_in_relation(relation) | map(attribute='name') | map('lower') | list -%}
  {%- set missing = [] -%}
  {%- for name in model.columns if name | lower not in there -%}
    {%- do missing.append("'" ~ name ~ "'") -%}
  {%- endfor -%}
  {%- if missing -%}
    {%- do exceptions.raise_compiler_error(
      bare_name(relation) ~ " holds run " ~ run ~ ", which was built before there was " ~ missing | join(', ')
      ~ "; a run is built once. Build another date (propensity featurize --as-of DATE), or take this run out and build it"
      ~ " again (propensity forget --run-id " ~ run ~ ")."
    ) -%}
  {%- endif -%}
{%- endmacro %}
