{#- A timestamp in milliseconds since 1970-01-01 UTC. -#}
{% macro milliseconds(column) -%}
unix_timestamp({{ column }}) * 1000 + cast(date_format({{ column }}, 'SSS') as bigint)
{%- endmacro %}
