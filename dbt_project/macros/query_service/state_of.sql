{#- Stock dbt would send:      nothing; it keeps no state in the database.
    Query Service refuses it:  UPDATE. The one thing that is replaced in one go there is a view: `{name}_state` is a view of
                               one row of literals, read without opening a file, that says what was finished last.
    Returns its columns by name, or none. -#}
{% macro state_of(name) -%}
  {%- if name ~ '_state' not in show_names('views') -%}
    {{ return(none) }}
  {%- endif -%}
  {%- set found = run_query('select * from ' ~ name ~ '_state') -%}
  {%- set state = {} -%}
  {%- for column in found.column_names -%}
    {%- do state.update({column: found.rows[0][column]}) -%}
  {%- endfor -%}
  {{ return(state) }}
{%- endmacro %}
