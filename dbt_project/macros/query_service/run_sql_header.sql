{#- Stock dbt would send:      the config `sql_header` in one message with the statement that makes the relation.
    Query Service refuses it:  nothing is known of that (unconfirmed), so the header is a message of its own before it, in the
                               same session: what it SETs holds for the model. -#}
{% macro run_sql_header() -%}
  {%- if config.get('sql_header') -%}
    {%- call statement('sql_header', auto_begin=False) -%}
      {{ config.get('sql_header') | trim }}
    {%- endcall -%}
  {%- endif -%}
{%- endmacro %}
