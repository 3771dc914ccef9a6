{#- Stock dbt would send:      the test's own name, as in not_null_stg_events__id, in a schema of its own.
    Query Service refuses it:  two underscores in a row, and names over 63 characters. -#}
{% macro name_of_failures(alias) -%}
  {%- set name = modules.re.sub('_+', '_', alias).strip('_') -%}
  {{ return(name if name | length <= 63 else name[:52] ~ '_' ~ local_md5(alias)[:10]) }}
{%- endmacro %}
