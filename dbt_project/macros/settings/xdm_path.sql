{#- A dotted XDM path as Query Service reads it: reserved words are put in back quotes, because double quotes cannot
    be combined with dots there; `_{tenant}` becomes the organisation's own namespace. -#}
{% macro xdm_path(path) -%}
  {%- set reserved = ['order', 'group', 'by', 'where', 'select', 'from', 'distinct', 'having', 'table', 'end', 'case'] -%}
  {%- set parts = [] -%}
  {%- for part in path.replace('_{tenant}', '_' ~ setting('tenant')).split('.') -%}
    {%- do parts.append('`' ~ part ~ '`' if part | lower in reserved or part[0] in '0123456789' else part) -%}
  {%- endfor -%}
  {{ return(parts | join('.')) }}
{%- endmacro %}
