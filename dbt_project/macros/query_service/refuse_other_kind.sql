{#- Stock dbt would send:      alter table ... rename to "name__dbt_backup" when a view takes the place of a table.
    Query Service refuses it:  RENAME is not documented, and a name that means a dataset is not given up in silence. -#}
{% macro refuse_other_kind(relation, wanted) -%}
  {%- set existing = adapter.get_relation(relation.database, relation.schema, bare_name(relation)) -%}
  {%- if existing is not none and existing.type != wanted -%}
    {%- do exceptions.raise_compiler_error(
      "'" ~ bare_name(relation) ~ "' is to be a " ~ wanted ~ ", but a " ~ existing.type ~ " of that name exists."
      ~ " If nobody needs it, run: drop " ~ existing.type ~ " " ~ bare_name(relation) ~ ". Otherwise rename the model."
    ) -%}
  {%- endif -%}
{%- endmacro %}
