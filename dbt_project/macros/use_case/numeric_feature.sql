{#- The aggregations of one numeric field over one window, from its daily sums, counts, maxima and last values. -#}
{% macro numeric_feature(name, days, aggregations) -%}
  {%- set within = 'days_before <= ' ~ days -%}
  {%- for aggregation in aggregations %}
  {%- if aggregation == 'sum' %}
    cast(sum(case when {{ within }} then sum_{{ name }} end) as double) as sum_{{ name }}_{{ days }}d
  {%- elif aggregation == 'mean' %}
    cast(
      sum(case when {{ within }} then sum_{{ name }} end)
      / sum(case when {{ within }} and n_{{ name }} > 0 then n_{{ name }} end) as double
    ) as mean_{{ name }}_{{ days }}d
  {%- elif aggregation == 'max' %}
    cast(max(case when {{ within }} then max_{{ name }} end) as double) as max_{{ name }}_{{ days }}d
  {%- elif aggregation == 'last' %}
    cast(
      max(
        case when {{ within }} and n_{{ name }} > 0 then struct(last_{{ name }}_ms as at_ms, last_{{ name }} as held) end
      ).held as double
    ) as last_{{ name }}_{{ days }}d
  {%- endif %}{{ ',' if not loop.last }}
  {%- endfor %}
{%- endmacro %}
