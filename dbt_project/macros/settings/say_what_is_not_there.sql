{#- Configs that dbt accepts and Query Service has nothing for. What people would rely on for access is an error before
    anything is built; what is only not written down there is a warning. -#}
{% macro say_what_is_not_there() -%}
  {%- if execute -%}
    {%- set granted, described, constrained, misplaced = [], [], [], [] -%}
    {%- for node in graph.nodes.values() if node.resource_type in ('model', 'seed') -%}
      {%- if node.config.get('grants') -%}
        {%- do granted.append(node.name) -%}
      {%- endif -%}
      {%- if node.config.get('persist_docs', {}).values() | select | list -%}
        {%- do described.append(node.name) -%}
      {%- endif -%}
      {%- if node.get('constraints') or node.columns.values() | selectattr('constraints') | list -%}
        {%- do constrained.append(node.name) -%}
      {%- endif -%}
      {%- if node.config.get('meta', {}).get('query_service') and node.config.materialized not in ('dataset', 'audience') -%}
        {%- do misplaced.append(node.name) -%}
      {%- endif -%}
    {%- endfor -%}
    {%- if misplaced -%}
      {%- do exceptions.raise_compiler_error(
        "`config.meta.query_service` of " ~ misplaced | join(', ') ~ ": only a model that is materialized as dataset or audience"
        ~ " is a dataset of the platform. Set materialized: dataset, or remove the config."
      ) -%}
    {%- endif -%}
    {%- if granted -%}
      {%- do exceptions.raise_compiler_error(
        "`grants` of " ~ granted | join(', ') ~ ": Query Service has no GRANT. Access is given in AEP by roles, and to single"
        ~ " columns by labels (Permissions > Roles, Policies). Remove the config."
      ) -%}
    {%- endif -%}
    {%- if described -%}
      {%- do exceptions.warn("`persist_docs` of " ~ described | join(', ') ~ " is ignored: Query Service has no COMMENT. The"
        ~ " descriptions are in the docs site (`make docs`).") -%}
    {%- endif -%}
    {%- if constrained -%}
      {%- do exceptions.warn("`constraints` of " ~ constrained | join(', ') ~ " are ignored: Query Service enforces none. Use"
        ~ " data_tests, and config.meta.query_service.identities for identities.") -%}
    {%- endif -%}
  {%- endif -%}
{%- endmacro %}
