{#- Stock dbt would send:      nothing.
    Query Service refuses it:  nothing; how many event rows each day has was noted in the source `event_days`.
    Returns the share of the event rows (0 to 1) that these days hold: what a filter on them reads, estimated. -#}
{% macro share_of_days(days) -%}
  {%- set named = [] -%}
  {%- for day in days if day -%}
    {%- do named.append(text_literal(day)) -%}
  {%- endfor -%}
  {%- if not named -%}
    {{ return(0.0) }}
  {%- endif -%}
  {%- set found = run_query(
    'select sum(case when cast(activity_date as string) in (' ~ named | join(', ') ~ ') then event_rows else 0 end) as chosen_rows,'
    ~ ' sum(event_rows) as all_rows from ' ~ bare_name(source('experience_platform', 'event_days')) ~ ' where events_table = '
    ~ text_literal(bare_name(source('experience_platform', 'events'))) ~ " and fact = 'day'"
  ).rows[0] -%}
  {{ return((found[0] or 0) | float / [(found[1] or 0) | float, 1.0] | max) }}
{%- endmacro %}
