{#- One column of a training or scoring set, by the role that its contract gives it. -#}
{% macro column_of_set(name, column) -%}
  {%- set about = column.get('config', {}).get('meta', {}).get('propensity', {}) -%}
  {%- if about.role in ('key', 'as_of', 'run', 'label', 'weight', 'split') -%}
    spine.{{ name }}
  {%- elif about.when_absent is defined -%}
    coalesce({{ name }}, {{ about.when_absent }}) as {{ name }}
  {%- else -%}
    {{ name }}
  {%- endif -%}
{%- endmacro %}
