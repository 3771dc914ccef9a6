{#- Stock dbt would send:      nothing; a table has no versions.
    Query Service refuses it:  nothing. The current snapshot names what a build was made from.
    Returns the id as text; '' where nothing was ever written. -#}
{% macro newest_snapshot(relation) -%}
  {%- set found = run_query(
    'select cast(snapshot_id as string) as id from (select history_meta('
    ~ text_literal(bare_name(relation)) ~ ')) as written where is_current'
  ).rows -%}
  {{ return(found[0][0] if found | length else '') }}
{%- endmacro %}
