{#- The settings of one use case of propensity.yml, by name. -#}
{% macro use_case(name) -%}
  {%- for known in setting('use_cases') if known.name == name -%}
    {{ return(known) }}
  {%- endfor -%}
  {%- do exceptions.raise_compiler_error(
    "There is no use case '" ~ name ~ "' in propensity.yml. Add it there and run `propensity sync`,"
    ~ " or remove its folder under models/use_cases."
  ) -%}
{%- endmacro %}
