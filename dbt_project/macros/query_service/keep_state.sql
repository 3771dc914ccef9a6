{#- Stock dbt would send:      nothing; it keeps no state in the database.
    Query Service refuses it:  UPDATE; CREATE OR REPLACE VIEW is documented. Texts and whole numbers only. -#}
{% macro keep_state(name, state) -%}
  {%- call statement('keep_state') -%}
    create or replace view {{ name }}_state as
    select
    {%- for key, value in state.items() %}
      {% if value is string -%}
      {{ text_literal(value) }}
      {%- else -%}
      cast({{ 'null' if value is none else value | int }} as bigint)
      {%- endif %} as {{ key }}{{ ',' if not loop.last }}
    {%- endfor %}
  {%- endcall -%}
{%- endmacro %}
