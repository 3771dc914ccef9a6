{#- Stock dbt would send:      date_part('year', ('2020-01-01')::date) - date_part('year', ('2019-01-01')::date)
    Query Service refuses it:  `::`, and date_part is not documented; year(), datediff(end, start) and date_trunc are.
    Returns how many borders of the part lie between the two times, as everywhere in dbt; a week starts on Monday, as
    date_trunc has it. -#}
{% macro postgres__datediff(first_date, second_date, datepart) -%}
  {%- set part = datepart | lower -%}
  {%- set first, second = 'cast(' ~ first_date ~ ' as timestamp)', 'cast(' ~ second_date ~ ' as timestamp)' -%}
  {%- set per_second = {'second': '1', 'millisecond': '1000', 'microsecond': '1000000'} -%}
  {%- set seconds = {'minute': '60', 'hour': '3600'} -%}
  {%- if part == 'year' -%}
    (year({{ second }}) - year({{ first }}))
  {%- elif part == 'quarter' -%}
    ((year({{ second }}) - year({{ first }})) * 4 + quarter({{ second }}) - quarter({{ first }}))
  {%- elif part == 'month' -%}
    ((year({{ second }}) - year({{ first }})) * 12 + month({{ second }}) - month({{ first }}))
  {%- elif part == 'week' -%}
    cast(datediff(cast(date_trunc('week', {{ second }}) as date), cast(date_trunc('week', {{ first }}) as date)) / 7 as int)
  {%- elif part == 'day' -%}
    datediff(cast({{ second }} as date), cast({{ first }} as date))
  {%- elif part in seconds -%}
    cast(
      (unix_timestamp(date_trunc('{{ part }}', {{ second }})) - unix_timestamp(date_trunc('{{ part }}', {{ first }})))
      / {{ seconds[part] }} as bigint
    )
  {%- elif part in per_second -%}
    cast(
      floor(cast({{ second }} as decimal(20, 6)) * {{ per_second[part] }})
      - floor(cast({{ first }} as decimal(20, 6)) * {{ per_second[part] }}) as bigint
    )
  {%- else -%}
    {%- do exceptions.raise_compiler_error(
      "datediff does not know the part " ~ datepart ~ "; it knows year, quarter, month, week, day, hour, minute, second,"
      ~ " millisecond and microsecond."
    ) -%}
  {%- endif -%}
{%- endmacro %}
