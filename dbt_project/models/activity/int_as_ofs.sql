{#- The as-of dates of all use cases, each with the look-back that its features may use. -#}
{%- set seen = [] -%}
{%- for uc in setting('use_cases') %}
  {%- for row in as_ofs(uc.name) if (row.as_of, row.look_back_days) not in seen %}
  {%- if seen %}
union all
  {%- endif %}
  {%- do seen.append((row.as_of, row.look_back_days)) %}
select
  cast('{{ row.as_of }} 00:00:00' as timestamp) as as_of,
  cast('{{ row.as_of }}' as date) as as_of_date,
  cast({{ row.as_of_ms }} as bigint) as as_of_ms,
  cast('{{ row.look_back_from }}' as date) as look_back_from,
  {{ row.look_back_days }} as look_back_days
  {%- endfor %}
{%- endfor %}
