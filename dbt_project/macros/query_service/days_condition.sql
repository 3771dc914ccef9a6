{#- Stock dbt would send:      where event_at > (select max(event_at) from this): late and replaced rows are lost.
    Query Service refuses it:  nothing. But only a comparison of the column itself with literals reaches the files, so the
                               days that changed are written out as ranges; an empty day stands for rows without a time. -#}
{% macro days_condition(days) -%}
  {%- set one_day = modules.datetime.timedelta(days=1) -%}
  {%- set dates = [] -%}
  {%- set conditions = [] -%}
  {%- for day in days -%}
    {%- if day is none -%}
      {%- do conditions.append('event_at is null') -%}
    {%- else -%}
      {%- do dates.append(iso_date(day)) -%}
    {%- endif -%}
  {%- endfor -%}
  {%- set dates = dates | sort -%}
  {%- for day in dates if day - one_day not in dates -%}
    {%- set end = namespace(day=day) -%}
    {%- for later in dates -%}
      {%- if later == end.day -%}
        {%- set end.day = later + one_day -%}
      {%- endif -%}
    {%- endfor -%}
    {%- do conditions.append(
      "(event_at >= cast('" ~ day ~ " 00:00:00' as timestamp) and event_at < cast('" ~ end.day ~ " 00:00:00' as timestamp))"
    ) -%}
  {%- endfor -%}
  {{ return('(' ~ (conditions | join(' or ')) ~ ')') }}
{%- endmacro %}
