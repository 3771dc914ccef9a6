{#- Pearson correlation, over people, of the count of each type of event with the target's count; null where one of the two
    does not vary. dbt show --select events_correlations -#}
with {{ explored_activity() }},

per_user as (
  select
    user_id,
    sum(case when event_type = {{ text_literal(explored_use_case().target_event) }} then n else 0 end) as targets
  from activity
  group by user_id
),

totals as (
  select
    cast(count(*) as double) as n,
    cast(sum(targets) as double) as sy,
    cast(sum(targets * targets) as double) as syy
  from per_user
),

per_type as (
  select
    user_id,
    event_type,
    sum(n) as counted
  from activity
  where event_type is not null
  group by user_id, event_type
),

sums as (
  select
    per_type.event_type,
    cast(sum(per_type.counted) as double) as sx,
    cast(sum(per_type.counted * per_type.counted) as double) as sxx,
    cast(sum(per_type.counted * per_user.targets) as double) as sxy
  from per_type
  inner join per_user on per_type.user_id = per_user.user_id
  group by per_type.event_type
)

select
  sums.event_type,
  case
    when totals.n * sums.sxx > sums.sx * sums.sx and totals.n * totals.syy > totals.sy * totals.sy
      then
        (totals.n * sums.sxy - sums.sx * totals.sy)
        / sqrt(totals.n * sums.sxx - sums.sx * sums.sx)
        / sqrt(totals.n * totals.syy - totals.sy * totals.sy)
  end as correlation
from sums
inner join totals on totals.n > 0
order by correlation desc nulls last, sums.event_type asc nulls last
