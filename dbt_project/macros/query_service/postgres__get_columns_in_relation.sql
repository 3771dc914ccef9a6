{#- Stock dbt would send:      select column_name, data_type from "prod:all".information_schema.columns
    Query Service refuses it:  information_schema is not documented; the description of an empty result is the way. -#}
{% macro postgres__get_columns_in_relation(relation) -%}
  {{ return(columns_of('select * from ' ~ bare_name(relation))) }}
{%- endmacro %}
