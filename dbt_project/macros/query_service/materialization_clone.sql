{#- Stock dbt would send:      create view "name" as select * from "prod:all"."public"."name" for `dbt clone`.
    Query Service refuses it:  the three-part name, and CLONE is not documented. A clone is a view of the other target's name
                               (its view shows new runs at once); it needs `--full-refresh` where the name is taken. -#}
{% materialization clone, adapter='postgres' %}
  {%- if not defer_relation -%}
    {%- do log("The state knows no " ~ model.unique_id, info=True) -%}
    {{ return({'relations': []}) }}
  {%- endif -%}
  {%- set existing = adapter.get_relation(this.database, this.schema, bare_name(this)) -%}
  {%- if bare_name(defer_relation) == bare_name(this) and existing is none and not flags.FULL_REFRESH -%}
    {%- do exceptions.raise_compiler_error(
      bare_name(this) ~ " cannot be a clone of itself, and it is not there. Build it, or name the state of another target."
    ) -%}
  {%- elif bare_name(defer_relation) == bare_name(this) -%}
    {%- do log(bare_name(this) ~ ' is the same in the state: skipping clone for relation ' ~ bare_name(this), info=True) -%}
    {{ return({'relations': []}) }}
  {%- elif existing is not none and not flags.FULL_REFRESH -%}
    {%- do log(bare_name(this) ~ ' is there already', info=True) -%}
    {{ return({'relations': []}) }}
  {%- endif -%}
  {%- do refuse_other_kind(this, 'view') -%}
  {%- call statement('main') -%}
    create or replace view {{ bare_name(this) }} as select * from {{ bare_name(defer_relation) }}
  {%- endcall -%}
  {%- do adapter.commit() -%}
  {{ return({'relations': [this.incorporate(type='view')]}) }}
{% endmaterialization %}
