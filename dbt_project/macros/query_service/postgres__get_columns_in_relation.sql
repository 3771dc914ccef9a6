{#- Stock dbt would send:      select column_name, data_type from "prod:all".information_schema.columns
    Query Service refuses it:  information_schema is not documented; the description of an empty result is the way. It is an
                               error to ask for that of a name that is not there, which has no columns to dbt: so a name that
                               dbt does not know of is looked for first. -#}
{% macro postgres__get_columns_in_relation(relation) -%}
  {%- if adapter.get_relation(target.database, target.schema, bare_name(relation)) is none
      and bare_name(relation) | lower not in show_names('views', others=true) + show_names('tables', others=true) -%}
    {{ return([]) }}
  {%- endif -%}
  {{ return(columns_of('select * from ' ~ bare_name(relation))) }}
{%- endmacro %}
