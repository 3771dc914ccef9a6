{#- Stock dbt would send:      a full refresh only with --full-refresh, and otherwise whatever the increment leaves wrong.
    Query Service refuses it:  nothing. Where it cannot be known which days changed, all are built, and the reason is said.
    Returns the reason, or none where the days that changed are enough. -#}
{% macro why_every_day(built, known, definition) -%}
  {%- if built is none or built.table_name not in show_names('tables') -%}
    {{ return('there is no finished build of it') }}
  {%- elif flags.FULL_REFRESH -%}
    {{ return('--full-refresh was asked for') }}
  {%- elif built.definition != definition -%}
    {{ return('its SQL, or a setting that it depends on, has changed') }}
  {%- elif known is none -%}
    {{ return('nobody has noted which days changed; `propensity dbt` and `propensity featurize` do') }}
  {%- elif built.base != known.base -%}
    {{ return('all events were read anew since: the snapshot of the last build has expired, or was not known') }}
  {%- endif -%}
  {{ return(none) }}
{%- endmacro %}
