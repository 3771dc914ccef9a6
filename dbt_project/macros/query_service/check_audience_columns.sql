{#- Stock dbt would send:      alter table name add column ..., drop column ... when a model's columns changed.
    Query Service refuses it:  nothing is documented that changes an audience's columns or identity once it is made. -#}
{% macro check_audience_columns(name, about, sql) -%}
  {%- set way_out = " An audience cannot be changed once it is made. Give the model another name, or make it anew under another"
      ~ " id (destinations that use it lose it): propensity dbt -- run --full-refresh --select " ~ model.name ~ "." -%}
  {%- set there = [] -%}
  {%- for column in columns_of('select * from ' ~ name) -%}
    {%- do there.append(column.name | lower ~ ' ' ~ column.dtype) -%}
  {%- endfor -%}
  {%- set wanted = [] -%}
  {%- for column in columns_of(sql) -%}
    {%- do wanted.append(column.name | lower ~ ' ' ~ column.dtype) -%}
  {%- endfor -%}
  {%- if there != wanted -%}
    {%- do exceptions.raise_compiler_error(
      "The audience " ~ name ~ " has the columns (" ~ there | join(', ') ~ "), the model gives (" ~ wanted | join(', ') ~ ")."
      ~ way_out
    ) -%}
  {%- endif -%}
  {%- for column, identity in identities_of(name).items() if identity.primary -%}
    {%- if column != about.primary_identity | lower or identity.namespace | lower != about.identity_namespace | lower -%}
      {%- do exceptions.raise_compiler_error(
        "The audience " ~ name ~ " has the primary identity " ~ column ~ " (" ~ identity.namespace ~ "), the model wants "
        ~ about.primary_identity ~ " (" ~ about.identity_namespace ~ ")." ~ way_out
      ) -%}
    {%- endif -%}
  {%- endfor -%}
{%- endmacro %}
