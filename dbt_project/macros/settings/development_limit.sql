{#- One of the limits of `only_development_rows`, or nothing. Production is never built from a part of the data. -#}
{% macro development_limit(name) -%}
  {%- set value = var(name, fromjson(env_var('PROPENSITY_VARS', '{}')).get(name)) -%}
  {%- if value and target.name == 'prod' and execute -%}
    {%- do exceptions.raise_compiler_error(
      "`" ~ name ~ "` is for development: production is built from all rows. Use another target (--target dev), or leave it out."
    ) -%}
  {%- endif -%}
  {{ return(value) }}
{%- endmacro %}
