{#- The windows of the counting features, in days before as_of. -#}
{% macro windows() -%}
  {{ return([1, 7, 28, 90]) }}
{%- endmacro %}
