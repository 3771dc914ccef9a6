{#- Stock dbt would send:      now(), a time with a zone.
    Query Service refuses it:  nothing; its times are UTC without a zone, and current_timestamp() is what its documents write. -#}
{% macro postgres__current_timestamp() -%}
  current_timestamp()
{%- endmacro %}
