{#- Stock dbt would send:      current_timestamp::TIMESTAMP
    Query Service refuses it:  `::`; the time has no zone to be taken off. -#}
{% macro postgres__current_timestamp_backcompat() -%}
  current_timestamp()
{%- endmacro %}
