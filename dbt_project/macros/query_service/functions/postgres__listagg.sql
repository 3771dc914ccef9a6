{#- Stock dbt would send:      string_agg(x, ', ' order by y)
    Query Service refuses it:  string_agg and ORDER BY inside an aggregate; collect_list, sort_array and array_join are
                               documented. What has no order comes in any order there, so it is sorted by itself here.
    One direction for all columns of the order, NULL as Spark sorts it. -#}
{% macro postgres__listagg(measure, delimiter_text, order_by_clause, limit_num) -%}
  {%- set distinct = modules.re.match('(?is)\s*distinct\s', measure) is not none -%}
  {%- set value = modules.re.sub('(?is)^\s*distinct\s+', '', measure) -%}
  {%- set order = modules.re.sub('(?is)^\s*order\s+by\s+', '', order_by_clause or '') -%}
  {%- set descending = modules.re.search('(?i)\sdesc\s*(,|$)', order) is not none -%}
  {%- set keys = modules.re.sub('(?i)\s+' ~ ('desc' if descending else 'asc') ~ '\s*(?=,|$)', '', order) | trim -%}
  {%- if modules.re.search('(?i)\s(asc|desc|nulls)\s*(first|last)?\s*(,|$)', keys) or (distinct and keys) -%}
    {%- do exceptions.raise_compiler_error(
      "listagg cannot order by \"" ~ order ~ "\" here: give all columns one direction, without NULLS, and no DISTINCT."
    ) -%}
  {%- endif -%}
  {%- if keys -%}
    {%- set sorted = 'sort_array(collect_list(case when ' ~ value ~ ' is not null then struct(' ~ keys ~ ', ' ~ value
                     ~ ' as listed) end), ' ~ ('false' if descending else 'true') ~ ')' -%}
    {%- set values = 'transform(' ~ sorted ~ ', each -> each.listed)' -%}
  {%- else -%}
    {%- set values = 'sort_array(collect_' ~ ('set' if distinct else 'list') ~ '(' ~ value ~ '))' -%}
  {%- endif -%}
  {%- set values = 'slice(' ~ values ~ ', 1, ' ~ limit_num ~ ')' if limit_num else values -%}
  case when count({{ value }}) > 0 then array_join({{ values }}, {{ delimiter_text }}) end
{%- endmacro %}
