{#- What may be known at each as-of date: activity in [as_of - look-back, as_of), and nothing else. Feature models reach
    events only through here; `days_before` is 1 on the last whole day before as_of. -#}
with activity as (
  select * from {{ ref('int_user_day_activity') }}
  where standing = 'usable'
),

as_ofs as (
  select * from {{ ref('int_as_ofs') }}
),

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

select * from bounded
