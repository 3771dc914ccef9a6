"""The statement that takes all figures about the events from one reading of daily activity.

By `fact`, a row of its answer is about

- `type`: an event type (of standing `usable`, as everything but `nameless`);
- `day`: a UTC day;
- `id`: all event ids. A row of daily activity names one of its ids by a hash, and within a day an id is on one row
  only, so a hash that comes again is an id with times of several days;
- `part`: an equal part of the people, by a stable hash. Sums over all parts are those over all people; rows without a
  part say nothing.
"""

from __future__ import annotations

from runner.sql import literal


def figures_sql(activity: str, before: str, target_event: str, parts: int) -> str:
    """The statement.

    Args:
        activity: SQL name of daily activity. before: only UTC days before this one count (ISO date).
        target_event: event type that `t`, a person's count of target events, is of.
        parts: into how many the people fall.
    """
    return _FIGURES.format(activity=activity, before=literal(before), target=literal(target_event), parts=parts)


# The row of a person's first type counts the person: `is_person`.
_FIGURES = """
with activity as (
  select
    user_id,
    event_type,
    activity_date,
    least_id_hash,
    first_event_ms,
    last_event_ms,
    case when standing = 'usable' then n else 0 end as n,
    case when standing = 'usable' then 0 else n end as nameless,
    case when standing = 'usable' and event_type = {target} then n else 0 end as of_target,
    case when standing = 'usable' and least_id_hash is not null then 1 else 0 end as has_id
  from {activity}
  where activity_date < cast({before} as date) and standing in ('usable', 'no identity')
),

grouped as (
  select
    case when grouping(user_id) = 0 then 'type' when grouping(activity_date) = 0 then 'day' else 'id' end as fact,
    user_id,
    event_type,
    activity_date,
    least_id_hash,
    sum(n) as n,
    sum(nameless) as nameless,
    sum(of_target) as of_target,
    min(case when n > 0 then first_event_ms end) as first_ms,
    max(case when n > 0 then last_event_ms end) as last_ms,
    sum(has_id) as copies
  from activity
  group by grouping sets ((user_id, event_type), (activity_date), (least_id_hash))
),

of_people as (
  select
    *,
    sum(of_target) over (partition by fact, user_id, activity_date, least_id_hash) as t,
    row_number() over (
      partition by fact, user_id, activity_date, least_id_hash order by event_type asc nulls last
    ) as place
  from grouped
  where fact <> 'type' or n > 0
),

counted as (
  select
    *,
    case when fact = 'type' then
      cast(conv(substr(md5(concat('sample', user_id)), 1, 8), 16, 10) as bigint) % {parts}
    end as part,
    case when fact = 'type' and place = 1 then 1 else 0 end as is_person
  from of_people
)

select
  case when grouping(part) = 1 then fact else 'part' end as fact,
  event_type,
  activity_date as day,
  part,
  sum(n) as n,
  sum(nameless) as nameless,
  sum(of_target) as of_target,
  min(first_ms) as first_ms,
  max(last_ms) as last_ms,
  count(*) as users,
  sum(case when t > 0 then 1 else 0 end) as converted,
  sum(n * n) as own_squares,
  sum(n * t) as products,
  sum(is_person) as people,
  sum(is_person * t) as targets,
  sum(is_person * t * t) as squares,
  sum(case when t > 0 then is_person else 0 end) as had_it,
  sum(case when copies > 1 then 1 else 0 end) as again
from counted
group by grouping sets ((fact, event_type, activity_date), (fact, part))
"""
