{#- What may be known at each as-of date: activity in [as_of - look-back, as_of), and nothing else. Feature models reach
    events only through here. -#}
with activity as (
  select * from {{ ref('int_user_day_activity') }}
  where standing = 'usable'
),

as_ofs as (
  select * from {{ ref('int_as_ofs') }}
),

{{ bounded_activity() }}

select * from bounded
