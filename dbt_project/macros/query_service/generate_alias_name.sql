{#- Stock dbt would send:      a schema of its own for each developer (create schema if not exists "dev_ann").
    Query Service refuses it:  there is one namespace, so every target but `prod` writes {schema}_{name}; two
                               underscores in a row and names over 63 characters (with our suffixes) are refused. -#}
{% macro generate_alias_name(custom_alias_name=none, node=none) -%}
  {%- set name = (custom_alias_name or node.name) | trim -%}
  {%- if target.name != 'prod' -%}
    {%- if name.split('_')[0] == target.schema or target.schema == 'propensity' -%}
      {%- do exceptions.raise_compiler_error(
        "The prefix '" ~ target.schema ~ "' is the first word of production's own names (such as " ~ name ~ "), so nobody could"
        ~ " tell yours from them. Set PROPENSITY_PREFIX (or `schema` in profiles.yml) to something else, such as your name."
      ) -%}
    {%- endif -%}
    {%- set name = target.schema ~ '_' ~ name -%}
  {%- endif -%}
  {%- if node is not none and node.resource_type in ('model', 'seed', 'snapshot') -%}
    {%- if '__' in name -%}
      {%- do exceptions.raise_compiler_error(
        "The name '" ~ name ~ "' has two underscores in a row, which Query Service refuses. Rename the model"
        ~ (" or change `schema` of the target in profiles.yml." if target.name != 'prod' else ".")
      ) -%}
    {%- elif name | length > 63 - 19 -%}
      {%- do exceptions.raise_compiler_error(
        "The name '" ~ name ~ "' has " ~ (name | length) ~ " characters; with the suffix of its physical table it"
        ~ " must fit 63, so at most 44. Shorten the model's name or the target's `schema`."
      ) -%}
    {%- endif -%}
  {%- endif -%}
  {{ return(name) }}
{%- endmacro %}
