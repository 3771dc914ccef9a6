{#- Stock dbt would send:      create temporary table ...; insert into t ("a", "b") ( select "a", "b" from tmp )
    Query Service refuses it:  TEMPORARY is not documented, a parenthesised select is refused, and so is the three-part name of
                               the model itself, which the caller makes bare. INSERT INTO SELECT is the documented append:
                               `{name}_t...` holds the rows, the view `{name}` shows them all.
    The strategy `append` of an incremental model, on any columns. `on_schema_change` is as in dbt, except that a column which
    the model no longer has is written as NULL, since no column can be dropped. As everywhere in dbt, nothing keeps a row from
    coming twice in this strategy: filter to what is new with is_incremental(). -#}
{% macro append_rows(sql) -%}
  {%- set stem = bare_name(this) ~ '_t' -%}
  {%- set current = table_behind(this) if not should_full_refresh() else none -%}
  {%- if config.get('contract').enforced -%}
    {{ get_assert_columns_equivalent(sql) }}
  {%- endif -%}
  {%- do count_cost() -%}
  {%- set physical = current or name_of_new_table(stem) -%}
  {%- if current is none -%}
    {%- call statement('main') -%}
      create table {{ physical }} as {{ sql }}
    {%- endcall -%}
  {%- else -%}
    {%- set names = columns_to_append(this.incorporate(path={'identifier': current}, type='table'), sql) -%}
    {%- call statement('main') -%}
      insert into {{ current }}
      select {{ names | join(', ') }}
      from (
        {{ sql }}
      ) as new_rows
    {%- endcall -%}
  {%- endif -%}
  {%- call statement('switch_view') -%}
    create or replace view {{ bare_name(this) }} as select * from {{ physical }}
  {%- endcall -%}
  {%- do drop_old_runs(stem, physical) -%}
{%- endmacro %}
