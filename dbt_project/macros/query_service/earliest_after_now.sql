{#- Stock dbt would send:      nothing.
    Query Service refuses it:  nothing. Events whose time is after now become usable when their time has come; their day is
                               built again then.
    Returns the time of the first, in milliseconds since 1970-01-01 UTC, or none. -#}
{% macro earliest_after_now(days_table, table) -%}
  {%- set found = run_query(
    'select min(first_event_ms) as first_event_ms from (' ~ newest_days(days_table, table)
    ~ ") as days where standing = 'after now'"
  ).rows[0][0] -%}
  {{ return(found | int if found is not none else none) }}
{%- endmacro %}
