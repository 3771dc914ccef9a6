{#- Stock dbt would send:      (a IS NOT DISTINCT FROM b), with the behaviour flag that makes NULL equal NULL.
    Query Service refuses it:  unconfirmed; `<=>` is Spark's way to write it. -#}
{% macro postgres__equals(expr1, expr2) -%}
  {%- if adapter.behavior.enable_truthy_nulls_equals_macro.no_warn -%}
    ({{ expr1 }} <=> {{ expr2 }})
  {%- else -%}
    ({{ expr1 }} = {{ expr2 }})
  {%- endif -%}
{%- endmacro %}
