{#- Stock dbt would send:      comment on column "name"."c" is $dbt_comment_literal_block$...$dbt_comment_literal_block$
    Query Service refuses it:  COMMENT is not documented, and `$$` opens an anonymous block. -#}
{% macro postgres__alter_column_comment(relation, column_dict) -%}
{%- endmacro %}
