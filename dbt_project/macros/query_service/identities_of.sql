{#- Stock dbt would send:      nothing: identities are Adobe's.
    Query Service refuses it:  nothing; SHOW IDENTITIES is documented, and prints namespaces in double quotes.
    Returns for a table: column in lower case → {namespace, primary}. -#}
{% macro identities_of(table_name) -%}
  {%- call statement('show_identities', fetch_result=True, auto_begin=False) -%}
    show identities
  {%- endcall -%}
  {%- set found = {} -%}
  {%- for row in load_result('show_identities').table.rows if row['tableName'] | lower == table_name | lower -%}
    {%- do found.update({row['columnName'] | lower: {
      'namespace': (row['namespace'] | string).strip('"'),
      'primary': (row['ifPrimary'] | string | lower) in ('true', 't'),
    }}) -%}
  {%- endfor -%}
  {{ return(found) }}
{%- endmacro %}
