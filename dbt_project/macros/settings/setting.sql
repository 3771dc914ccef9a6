{#- One setting by name: from `--vars`, else from PROPENSITY_VARS (`propensity env`), else from propensity.yml.

    What only a run can decide (as_of, first_day) has no value while parsing; asking for it while building without
    one is an error that says how to get it. -#}
{% macro setting(name) -%}
  {%- set handed_over = fromjson(env_var('PROPENSITY_VARS', '{}')) -%}
  {%- set value = var(name, handed_over.get(name, generated_settings().get(name))) -%}
  {%- if value is none and execute -%}
    {%- do exceptions.raise_compiler_error(
      "The setting '" ~ name ~ "' is not known here. Run through `propensity dbt -- ...`, or set the environment"
      ~ " with `propensity env` first: it decides the as-of date and finds the tables."
    ) -%}
  {%- endif -%}
  {%- if name == 'first_day' and value and development_limit('limit_days') -%}
    {%- set days = modules.datetime.timedelta(days=development_limit('limit_days') | int) -%}
    {%- set value = [value, (iso_date(setting('as_of')) - days).isoformat()] | max -%}
  {%- endif -%}
  {{ return(value) }}
{%- endmacro %}
