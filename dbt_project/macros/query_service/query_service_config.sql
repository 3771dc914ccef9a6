{#- Stock dbt would send:      nothing: config.meta is free text to dbt, and a key with a typing error is ignored in silence.
    Query Service refuses it:  nothing, because it would never be told. So unknown and missing keys are an error here.
    Returns config.meta.query_service of a model. -#}
{% macro query_service_config(node, required, optional=[]) -%}
  {%- set about = node.config.get('meta', {}).get('query_service', {}) -%}
  {%- for key in about if key not in required and key not in optional -%}
    {%- do exceptions.raise_compiler_error(
      node.name ~ ": config.meta.query_service has no key '" ~ key ~ "' here. It knows: " ~ (required + optional) | join(', ')
      ~ "."
    ) -%}
  {%- endfor -%}
  {%- for key in required if not about.get(key) -%}
    {%- do exceptions.raise_compiler_error(
      node.name ~ ": config.meta.query_service." ~ key ~ " is missing. A model that is materialized as "
      ~ node.config.materialized ~ " needs: " ~ required | join(', ') ~ "."
    ) -%}
  {%- endfor -%}
  {{ return(about) }}
{%- endmacro %}
