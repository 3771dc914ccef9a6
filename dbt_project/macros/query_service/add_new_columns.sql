{#- Stock dbt would send:      alter table t add column "a" integer, drop column "b", alter column "c" type text
    Query Service refuses it:  one ADD COLUMN with a list, documented types only; no drop and no change of type.
    Returns the select list in the table's order: a column the model no longer has is written as NULL. In a dataset with an
    XDM schema that NULL has no type, because a struct reaches a client as text (unconfirmed: that it fits any column). -#}
{% macro add_new_columns(relation, sql, shaped=false) -%}
  {%- set add_types = {'string': 'string', 'int': 'integer', 'bigint': 'bigint', 'double': 'double',
                       'date': 'date', 'timestamp': 'datetime'} -%}
  {%- set there = {} -%}
  {%- for column in adapter.get_columns_in_relation(relation) -%}
    {%- do there.update({column.name | lower: column.dtype}) -%}
  {%- endfor -%}
  {%- set wanted = {} -%}
  {%- set added = [] -%}
  {%- for column in columns_of(sql) -%}
    {%- do wanted.update({column.name | lower: column.dtype}) -%}
    {%- if column.name | lower not in there -%}
      {%- if column.dtype not in add_types -%}
        {%- do exceptions.raise_compiler_error(
          "The new column '" ~ column.name ~ "' of " ~ bare_name(relation) ~ " is a " ~ column.dtype ~ ", which ALTER"
          ~ " TABLE ADD COLUMN does not know. Cast it to one of: " ~ (add_types.keys() | join(', ')) ~ "."
        ) -%}
      {%- endif -%}
      {%- do added.append(column.name ~ ' ' ~ add_types[column.dtype]) -%}
    {%- elif column.dtype != there[column.name | lower] -%}
      {%- do exceptions.raise_compiler_error(
        "The column '" ~ column.name ~ "' of " ~ bare_name(relation) ~ " is a " ~ there[column.name | lower]
        ~ " there and a " ~ column.dtype ~ " in the model; a type cannot be changed. Cast it to the old type, or give"
        ~ " the column another name."
      ) -%}
    {%- endif -%}
  {%- endfor -%}
  {%- if added -%}
    {%- do run_query('alter table ' ~ bare_name(relation) ~ ' add column ' ~ added | join(', ')) -%}
  {%- endif -%}
  {%- set names = [] -%}
  {%- for name, data_type in there.items() -%}
    {%- set nothing = 'null' if shaped else 'cast(null as ' ~ data_type ~ ')' -%}
    {%- do names.append(name if name in wanted else nothing ~ ' as ' ~ name) -%}
  {%- endfor -%}
  {%- for name in wanted if name not in there -%}
    {%- do names.append(name) -%}
  {%- endfor -%}
  {{ return(names) }}
{%- endmacro %}
