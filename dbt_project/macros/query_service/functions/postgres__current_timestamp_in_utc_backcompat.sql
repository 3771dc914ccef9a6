{#- Stock dbt would send:      (current_timestamp at time zone 'utc')::TIMESTAMP
    Query Service refuses it:  `::` and AT TIME ZONE; the time is UTC already. -#}
{% macro postgres__current_timestamp_in_utc_backcompat() -%}
  current_timestamp()
{%- endmacro %}
