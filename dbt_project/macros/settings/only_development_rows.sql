{#- A part of the data, for trying things out: `--vars '{limit_days: 60, limit_users_percent: 5}'` on a target of one's own.
    Days count back from as_of (`propensity dbt` sets it to the end of the newest complete day of data); users are chosen by a
    stable hash, so that profiles and events are of the same ones each time. Nothing without the variables; an error on `prod`. -#}
{% macro only_development_rows(time=none) -%}
  {%- set days, percent = development_limit('limit_days'), development_limit('limit_users_percent') -%}
  {%- set conditions = [] -%}
  {%- if days and time -%}
    {%- set first = iso_date(setting('as_of') or '2000-01-01') - modules.datetime.timedelta(days=days | int) -%}
    {%- do conditions.append(time ~ " >= cast('" ~ first.isoformat() ~ " 00:00:00' as timestamp)") -%}
  {%- endif -%}
  {%- if percent -%}
    {%- do conditions.append(
      stable_bucket('development ', xdm_path(setting('identity_path')), 10000) ~ ' < ' ~ (percent * 100) | round | int
    ) -%}
  {%- endif -%}
  {%- if conditions %}
  where {{ conditions | join(' and ') }}
  {%- endif -%}
{%- endmacro %}
