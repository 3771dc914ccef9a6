{#- The windows, in days before as_of, of features that need several events to say anything: rates and sessions' lengths. -#}
{% macro long_windows() -%}
  {{ return([28, 90]) }}
{%- endmacro %}
