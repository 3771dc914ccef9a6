{#- Stock dbt would send:      from_date + ((interval '1 day') * (n))
    Query Service refuses it:  an interval is not multiplied there. Seconds are added to the time as a decimal, which keeps
                               microseconds; months are added to its date by add_months, which stays within the month.
    Returns a timestamp, also of a date. -#}
{% macro postgres__dateadd(datepart, interval, from_date_or_timestamp) -%}
  {%- set seconds = {'microsecond': '0.000001', 'millisecond': '0.001', 'second': '1', 'minute': '60', 'hour': '3600',
                     'day': '86400', 'week': '604800'} -%}
  {%- set months = {'month': '1', 'quarter': '3', 'year': '12'} -%}
  {%- set part = datepart | lower -%}
  {%- set time = 'cast(' ~ from_date_or_timestamp ~ ' as timestamp)' -%}
  {%- if part in seconds -%}
    cast(cast({{ time }} as decimal(20, 6)) + ({{ interval }}) * {{ seconds[part] }} as timestamp)
  {%- elif part in months -%}
    cast(
      cast(cast(add_months(cast({{ time }} as date), ({{ interval }}) * {{ months[part] }}) as timestamp) as decimal(20, 6))
      + cast({{ time }} as decimal(20, 6)) - cast(date_trunc('day', {{ time }}) as decimal(20, 6)) as timestamp
    )
  {%- else -%}
    {%- do exceptions.raise_compiler_error(
      "dateadd does not know the part " ~ datepart ~ "; it knows " ~ (seconds.keys() | list + months.keys() | list) | join(', ')
      ~ "."
    ) -%}
  {%- endif -%}
{%- endmacro %}
