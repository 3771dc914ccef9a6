{#- Stock dbt would send:      insert into t (a, b) values (%s, %s), ... with values bound by the driver, per 10,000 rows.
    Query Service refuses it:  nothing is known of that form, and every INSERT is a batch job of minutes. So all rows are one
                               literal, a JSON array of arrays of text, that from_json and explode open; each value is cast.
                               How long a statement may be is not documented: at most a million characters (unconfirmed). -#}
{% macro seed_rows(agate_table, column_types) -%}
  {%- set most_characters = 1000000 -%}
  {%- set spark_types = {'text': 'string', 'integer': 'bigint', 'float8': 'double', 'timestamp without time zone': 'timestamp',
                         'time without time zone': 'string', 'varchar': 'string', 'numeric': 'double'} -%}
  {%- set rows = [] -%}
  {%- for row in agate_table.rows -%}
    {%- set values = [] -%}
    {%- for value in row.values() -%}
      {%- do values.append(none if value is none else value | string) -%}
    {%- endfor -%}
    {%- do rows.append(values) -%}
  {%- endfor -%}
  {%- set literal = text_literal(tojson(rows)) -%}
  {%- if literal | length > most_characters -%}
    {%- do exceptions.raise_compiler_error(
      "The seed " ~ model.name ~ " has " ~ (literal | length) ~ " characters; a seed is one statement here, with at most "
      ~ most_characters ~ ". Load larger files as a dataset (`propensity load-events`, or Datasets > Create in the AEP"
      ~ " interface), and name it as a source."
    ) -%}
  {%- endif %}
  select
  {%- for name in agate_table.column_names %}
    {%- set found = column_types.get(name, adapter.convert_type(agate_table, loop.index0)) %}
    cast(cells[{{ loop.index0 }}] as {{ spark_types.get(found | lower, found) }}) as {{ name }}{{ ',' if not loop.last }}
  {%- endfor %}
  from (
    select explode(from_json({{ literal }}, 'array<array<string>>')) as cells
  ) as listed
{%- endmacro %}
