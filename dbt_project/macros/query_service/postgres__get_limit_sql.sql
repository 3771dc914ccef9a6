{#- Stock dbt would send:      select ... limit 0 for `dbt show --limit 0` or a test's `limit: 0`.
    Query Service refuses it:  nothing: LIMIT 0 means every row there, of however many. WHERE 1=0 gives none. -#}
{% macro postgres__get_limit_sql(sql, limit) -%}
  {%- if limit is none -%}
    {{ sql }}
  {%- elif limit | int == 0 -%}
    select * from (
      {{ sql }}
    ) as shape
    where 1=0
  {%- else -%}
    {{ sql }}
    limit {{ limit }}
  {%- endif -%}
{%- endmacro %}
