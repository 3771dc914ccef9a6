{#- The CTE `bounded`, from the CTEs `activity` (usable rows) and `as_ofs`: what may be known at each as-of date, daily
    activity in [as_of - look-back, as_of). An event at as_of itself is of the day that begins then, so it is left out;
    `days_before` is 1 on the last whole day before as_of, and w days are the rows with days_before <= w. -#}
{% macro bounded_activity() -%}
bounded as (
  select
    activity.*,
    as_ofs.as_of,
    as_ofs.as_of_ms,
    as_ofs.look_back_days,
    datediff(as_ofs.as_of_date, activity.activity_date) as days_before
  from activity
  inner join as_ofs
    on
      activity.activity_date < as_ofs.as_of_date
      and activity.activity_date >= as_ofs.look_back_from
)
{%- endmacro %}
