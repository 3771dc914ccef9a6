{#- Clean up after yourself: `propensity dbt -- run-operation drop_my_relations --target dev` drops every view, audience and
    table with your prefix, and nothing else. Refused for `prod`, whose dataset ids others depend on. -#}
{% macro drop_my_relations() -%}
  {%- if target.name == 'prod' -%}
    {%- do exceptions.raise_compiler_error(
      "drop_my_relations is for targets with a prefix of their own: --target dev. Nothing was dropped."
    ) -%}
  {%- endif -%}
  {%- if '_' in target.schema -%}
    {%- do exceptions.raise_compiler_error(
      "The prefix '" ~ target.schema ~ "' has an underscore, so names that begin with it may be somebody else's whose prefix is"
      ~ " longer. Drop them one by one."
    ) -%}
  {%- endif -%}
  {%- set audiences = [] -%}
  {%- for node in graph.nodes.values() if node.config.get('materialized') == 'audience' -%}
    {%- do audiences.append(node.alias) -%}
  {%- endfor -%}
  {%- set views = show_names('views') -%}
  {%- for name in views -%}
    {%- do run_query('drop view if exists ' ~ name) -%}
  {%- endfor -%}
  {%- for name in show_names('tables') if name not in views -%}
    {%- do run_query('drop ' ~ ('audience' if name in audiences else 'table') ~ ' if exists ' ~ name) -%}
    {%- do log('dropped ' ~ name, info=True) -%}
  {%- endfor -%}
{%- endmacro %}
