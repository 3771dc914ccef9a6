{#- Stock dbt would send:      nothing: the relation is the table.
    Query Service refuses it:  RENAME, so a model's stable name is a view of its newest table. SHOW VIEWS names the datasets
                               behind a view, SHOW TABLES the dataset of each table.
    Returns the name of the table that the view reads, none where there is no such view or it reads something else. -#}
{% macro table_behind(relation) -%}
  {%- set stem = bare_name(relation) ~ '_t' -%}
  {%- call statement('views_behind', fetch_result=True, auto_begin=False) -%}
    show views
  {%- endcall -%}
  {%- set read = [] -%}
  {%- for row in load_result('views_behind').table.rows if row['Name'] | lower == bare_name(relation) | lower -%}
    {%- do read.extend((row['Dataset Dependencies'] or '').replace(' ', '').split(',')) -%}
  {%- endfor -%}
  {%- call statement('dataset_ids', fetch_result=True, auto_begin=False) -%}
    show tables
  {%- endcall -%}
  {%- set found = [] -%}
  {%- for row in load_result('dataset_ids').table.rows
      if (row['dataSetId'] | string in read or row['name'] in read)
      and modules.re.fullmatch(stem ~ '[0-9]{17}', row['name'], modules.re.I) -%}
    {%- do found.append(row['name'] | string) -%}
  {%- endfor -%}
  {{ return(found[0] if found | length == 1 and read | length == 1 else none) }}
{%- endmacro %}
