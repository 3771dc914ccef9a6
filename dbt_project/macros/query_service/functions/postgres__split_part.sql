{#- Stock dbt would send:      split_part(x, '|', 1)
    Query Service refuses it:  split_part is not documented. split takes a pattern, so the delimiter is quoted in it. -#}
{% macro postgres__split_part(string_text, delimiter_text, part_number) -%}
  case
    when {{ string_text }} is not null and {{ delimiter_text }} is not null
      then coalesce(
        element_at(split({{ string_text }}, concat('\\Q', {{ delimiter_text }}, '\\E')), {{ part_number }}), ''
      )
  end
{%- endmacro %}
