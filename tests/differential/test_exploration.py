"""The statement behind the report's figures, in which sets of groups stand on one another, as Spark reads it."""

from __future__ import annotations

from runner.exploration_sql import figures_sql
from tests.differential.engines import Engines

ACTIVITY = """(
  select
    user as user_id,
    kind as event_type,
    cast(at as date) as activity_date,
    id % 40 as least_id_hash,
    cast(id as bigint) as first_event_ms,
    cast(id + 1 as bigint) as last_event_ms,
    cast(id % 3 + 1 as bigint) as n,
    case when user is null then 'no identity' when id % 9 = 0 then 'repeated' else 'usable' end as standing
  from visits
) as activity"""


def test_the_figures_of_the_report_are_those_that_spark_gives(engines: Engines) -> None:
    difference = engines.difference(figures_sql(ACTIVITY, "2100-01-01", "buy", 4))
    assert not difference, difference
