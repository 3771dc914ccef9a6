{#- Stock dbt would send:      drop table if exists "name__dbt_backup" cascade
    Query Service refuses it:  CASCADE. Tables of former builds of all days are dropped once the current one has been there
                               for the grace (a reader may still be in them); nothing was written to them since. -#}
{% macro drop_old_tables(stem, current, days_table, grace_hours) -%}
  {%- set old = [] -%}
  {%- for name in show_names('tables') if modules.re.fullmatch(stem ~ '[0-9a-f]{12,17}', name) and name != current -%}
    {%- do old.append(name) -%}
  {%- endfor -%}
  {%- if old -%}
    {%- set settled = run_query(
      'select count(*) as noted from ' ~ days_table ~ ' where table_name = ' ~ text_literal(current)
      ~ ' and unix_timestamp(built_at) <= unix_timestamp(current_timestamp()) - ' ~ (grace_hours * 3600)
    ).rows[0][0] | int -%}
    {%- for name in old if settled -%}
      {%- call statement('drop_old_table') -%}
        drop table if exists {{ name }}
      {%- endcall -%}
    {%- endfor -%}
  {%- endif -%}
{%- endmacro %}
