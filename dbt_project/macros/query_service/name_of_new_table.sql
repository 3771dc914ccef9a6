{#- Stock dbt would send:      create table "name__dbt_tmp" as ( ... ), then renames it into place.
    Query Service refuses it:  `__` and RENAME. So a table has the moment of its run in its name; the next free one, where two
                               runs have the same. -#}
{% macro name_of_new_table(stem) -%}
  {%- set moment = namespace(number=run_started_at.strftime('%Y%m%d%H%M%S%f')[:17] | int) -%}
  {%- for _ in range(100) if adapter.get_relation(this.database, this.schema, stem ~ moment.number) is not none -%}
    {%- set moment.number = moment.number + 1 -%}
  {%- endfor -%}
  {{ return(stem ~ moment.number) }}
{%- endmacro %}
