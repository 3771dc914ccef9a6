{#- Stock dbt would send:      create table "name__dbt_tmp" as ( ... ); alter table ... rename; drop table ... cascade
    Query Service refuses it:  `__`, RENAME and CASCADE. An audience made by SQL has statements of its own: CREATE AUDIENCE
                               once, then INSERT OVERWRITE INTO, which replaces all members in one step under the same id.

    Model config: meta.query_service.primary_identity (a top-level text column) and identity_namespace. The platform deletes
    such an audience 30 days after it was last refreshed (unconfirmed whether a refresh counts, so build daily), and then it
    is created anew: what referred to the old one must be pointed at the new one. Targets other than `prod` make it anew. -#}
{% materialization audience, adapter='postgres' %}
  {%- do refuse_other_kind(this, 'table') -%}
  {%- set about = query_service_config(model, ['primary_identity', 'identity_namespace']) -%}
  {%- set name = bare_name(this) -%}
  {{ run_hooks(pre_hooks) }}
  {%- if config.get('contract').enforced -%}
    {{ get_assert_columns_equivalent(sql) }}
  {%- endif -%}
  {%- do count_cost() -%}
  {%- do check_members(name, about.primary_identity, sql) -%}
  {#- Asked anew rather than taken from dbt's cache: thirty days may have passed while the run was going on. -#}
  {%- set exists = name in show_names('tables') -%}
  {%- if exists and (target.name != 'prod' or should_full_refresh()) -%}
    {%- call statement('drop_audience') -%}
      drop audience if exists {{ name }}
    {%- endcall -%}
    {%- set exists = false -%}
  {%- endif -%}
  {%- if exists -%}
    {%- do check_audience_columns(name, about, sql) -%}
    {%- call statement('main') -%}
      insert overwrite into {{ name }} {{ sql }}
    {%- endcall -%}
  {%- else -%}
    {%- do log('Audience ' ~ name ~ ' is created. The platform deletes it when it is not refreshed for 30 days.', info=True) -%}
    {%- call statement('main') -%}
      create audience {{ name }}
      with (primary_identity = {{ about.primary_identity }}, identity_namespace = {{ text_literal(about.identity_namespace) }})
      as ({{ sql }})
    {%- endcall -%}
  {%- endif -%}
  {{ run_hooks(post_hooks) }}
  {%- do adapter.commit() -%}
  {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}
