{#- Stock dbt would send:      select 'x'::text as "a", null::integer as "b" union all ... for the rows of a fixture.
    Query Service refuses it:  `::` is not documented; CAST is, with Spark's type names. -#}
{% macro fixture_rows(rows, types, defaults) -%}
  {%- for row in rows -%}
    {%- set values = defaults.copy() -%}
    {%- do values.update(format_row(row, types)) -%}
    select
    {%- for name, value in values.items() %} {{ value | trim }} as {{ name }}{{ ',' if not loop.last }}{% endfor %}
    {%- if not loop.last %}
    union all
    {% endif -%}
  {%- else -%}
    select
    {%- for name, value in defaults.items() %} {{ value }} as {{ name }}{{ ',' if not loop.last }}{% endfor %}
    where 1=0
  {%- endfor -%}
{%- endmacro %}
