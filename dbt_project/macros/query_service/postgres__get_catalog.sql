{#- Stock dbt would send:      a join of pg_class, pg_attribute and pg_description over a whole schema.
    Query Service refuses it:  pg_catalog is not documented; names come from SHOW TABLES and SHOW VIEWS. -#}
{% macro postgres__get_catalog(information_schema, schemas) -%}
  {%- set relations = [] -%}
  {%- for name in show_names('tables') + show_names('views') -%}
    {%- do relations.append(api.Relation.create(database=target.database, schema=target.schema, identifier=name)) -%}
  {%- endfor -%}
  {{ return(postgres__get_catalog_relations(information_schema, relations)) }}
{%- endmacro %}
