{#- Stock dbt would send:      nothing: it does not know what an audience is.
    Query Service refuses it:  nothing either, and what an empty result or an identity named twice does to an audience is not
                               documented. So both stop the build while the members are as they were (unconfirmed). -#}
{% macro check_members(name, identity, sql) -%}
  {%- set found = run_query(
    'select count(*) as row_count, count(distinct members.' ~ identity ~ ') as identities from (' ~ sql ~ ') as members'
  ).rows[0] -%}
  {%- set row_count, identities = found[0] | int, found[1] | int -%}
  {%- if row_count == 0 -%}
    {%- do exceptions.raise_compiler_error(
      "Nobody qualifies for the audience " ~ name ~ ", and what an empty overwrite does is not documented. Its members stay"
      ~ " as they are. Publish scores first (`propensity publish`), or lower the rule in propensity.yml."
    ) -%}
  {%- elif identities != row_count -%}
    {%- do exceptions.raise_compiler_error(
      "The audience " ~ name ~ " would have " ~ row_count ~ " rows for " ~ identities ~ " different values of its primary"
      ~ " identity " ~ identity ~ " (a row without one counts too). Its members stay as they are. Return one row for each."
    ) -%}
  {%- endif -%}
{%- endmacro %}
