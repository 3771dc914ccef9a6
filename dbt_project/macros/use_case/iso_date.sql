{#- A date from its ISO text; anything else is an error that shows what was seen. -#}
{% macro iso_date(text) -%}
  {%- if not modules.re.fullmatch('[0-9]{4}-[0-9]{2}-[0-9]{2}', text | string) -%}
    {%- do exceptions.raise_compiler_error("'" ~ text ~ "' is not a date; expected YYYY-MM-DD, in UTC.") -%}
  {%- endif -%}
  {{ return(modules.datetime.datetime.strptime(text | string, '%Y-%m-%d').date()) }}
{%- endmacro %}
