{#- Stock dbt would send:      a join of pg_depend and pg_rewrite, to know what stands behind a view.
    Query Service refuses it:  pg_catalog is not documented; SHOW VIEWS names the datasets and views behind each view, and
                               SHOW TABLES the dataset's id.
    Returns the names of the tables that a model reads, through all views. Each once, however often it is named. -#}
{% macro tables_read(node) -%}
  {%- call statement('views_behind', fetch_result=True, auto_begin=False) -%}
    show views
  {%- endcall -%}
  {%- set behind = {} -%}
  {%- for row in load_result('views_behind').table.rows -%}
    {%- set named = (row['Dataset Dependencies'] or '') ~ ',' ~ (row['Views Dependencies'] or '') -%}
    {%- do behind.update({row['Name'] | string: named.replace(' ', '').split(',')}) -%}
  {%- endfor -%}
  {%- call statement('dataset_ids', fetch_result=True, auto_begin=False) -%}
    show tables
  {%- endcall -%}
  {%- set tables = {} -%}
  {%- for row in load_result('dataset_ids').table.rows -%}
    {%- do tables.update({row['dataSetId'] | string: row['name'] | string, row['name'] | string: row['name'] | string}) -%}
  {%- endfor -%}
  {%- set todo = [] -%}
  {%- for parent in node.depends_on.nodes -%}
    {%- set known = graph.nodes.get(parent) or graph.sources.get(parent) -%}
    {%- do todo.append(known.alias or known.identifier) -%}
  {%- endfor -%}
  {%- set seen, found = [], [] -%}
  {%- for _ in range(30) -%}
    {%- set now = todo[:] -%}
    {%- do todo.clear() -%}
    {%- for name in now if name and name not in seen -%}
      {%- do seen.append(name) -%}
      {%- if name in behind -%}
        {%- do todo.extend(behind[name]) -%}
      {%- elif name in tables and tables[name] not in found -%}
        {%- do found.append(tables[name]) -%}
      {%- endif -%}
    {%- endfor -%}
  {%- endfor -%}
  {{ return(found) }}
{%- endmacro %}
