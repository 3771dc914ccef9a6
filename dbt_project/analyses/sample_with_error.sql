{#- What a 5 % sample of the people would have said about the share that had the target event: the sample's share, the whole's,
    the standard error of a sample of that size, and how far the 20 samples really lie around the whole (root mean square).
    dbt show --select sample_with_error -#}
with {{ explored_activity() }},

per_user as (
  select
    {{ stable_bucket('sample', 'user_id', 20) }} as part,
    user_id,
    max(case when event_type = {{ text_literal(explored_use_case().target_event) }} then 1 else 0 end) as had_it
  from activity
  group by user_id
),

parts as (
  select
    part,
    cast(count(*) as double) as users,
    cast(sum(had_it) as double) as had_it
  from per_user
  group by part
),

whole as (
  select
    sum(had_it) / sum(users) as share
  from parts
)

select
  max(case when parts.part = 0 then parts.users end) as users,
  max(case when parts.part = 0 then parts.had_it / parts.users end) as share,
  max(whole.share) as whole,
  sqrt(max(whole.share * (1 - whole.share)) / max(case when parts.part = 0 then parts.users end)) as expected_error,
  sqrt(avg((parts.had_it / parts.users - whole.share) * (parts.had_it / parts.users - whole.share))) as observed_error
from parts
inner join whole on parts.users > 0
