{#- Stock dbt would send:      nothing; it has no notion of a source's checkpoint.
    Query Service refuses it:  nothing. A snapshot range tells what was added, and only the runner (Catalog) knows what was
                               taken away; both stand in the table of event days, which may not be there for bare dbt.
    Returns {base, load} of the newest reading of the event table that is known here, or none. -#}
{% macro event_days_read() -%}
  {%- set handed_over = var('event_days', fromjson(env_var('PROPENSITY_VARS', '{}')).get('event_days')) -%}
  {%- set known = bare_name(source('experience_platform', 'event_days')) -%}
  {%- if handed_over or known not in show_names('tables', others=true) -%}
    {{ return(handed_over or none) }}
  {%- endif -%}
  {%- set found = run_query(
    'select base_snapshot, load_number from ' ~ known ~ ' where events_table = '
    ~ text_literal(bare_name(source('experience_platform', 'events'))) ~ ' order by load_number desc nulls last limit 1'
  ).rows -%}
  {{ return({'base': found[0][0], 'load': found[0][1] | int} if found | length else none) }}
{%- endmacro %}
