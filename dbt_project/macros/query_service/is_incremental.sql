{#- Stock dbt would send:      nothing; a model is incremental once its relation is a table.
    Query Service refuses it:  RENAME, so the relation of every model is a view here; it is incremental once that view shows a
                               table of the model's own. -#}
{% macro is_incremental() -%}
  {%- if not execute or model.config.materialized != 'incremental' or should_full_refresh() -%}
    {{ return(false) }}
  {%- endif -%}
  {%- set existing = adapter.get_relation(this.database, this.schema, this.table) -%}
  {{ return(existing is not none and existing.type == 'view' and table_behind(this) is not none) }}
{%- endmacro %}
