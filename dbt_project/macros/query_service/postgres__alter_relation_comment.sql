{#- Stock dbt would send:      comment on table "name" is $dbt_comment_literal_block$...$dbt_comment_literal_block$
    Query Service refuses it:  COMMENT is not documented, and `$$` opens an anonymous block. -#}
{% macro postgres__alter_relation_comment(relation, comment) -%}
{%- endmacro %}
