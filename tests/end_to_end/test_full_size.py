"""A fresh platform with 120,000 users: all is built, a use case touches nothing of another, a night costs what is new.

In `make test` the same promises are held by smaller platforms (test_scans, test_two_use_cases, test_increments).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest

from runner.featurize.history import day_of
from runner.session import open_session
from runner.sql import literal
from tests.end_to_end.conftest import ROOT, Project
from tests.integration.feature_store import FeatureStore
from tests.integration.point_in_time import MINUTE, Event, ms
from tests.integration.query_log import QueryLog, Scans

END, DAYS = date(2026, 11, 2), 70
LATE, REPLACED, REPEATED = END - timedelta(days=30), END - timedelta(days=10), END - timedelta(days=3)
SENT = "directMarketing.emailSent"
BUILD = ("dbt", "--", "build", "--target", "prod")
WITHOUT_UNITS = (*BUILD, "--exclude-resource-type", "unit_test")
REPORTS = ROOT / ".soak"


@dataclass
class Story:
    """What happens to one platform, and what each command took and scanned."""

    project: Project
    users: int
    figures: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        session = open_session(self.project.settings)
        self.sql = session.sql
        self.folder = self.project.settings.parent
        self.store = FeatureStore(
            self.project.platform, session.platform, session.sql, session.settings, self.folder / "dbt_project",
            self.folder,
        )  # fmt: skip
        self.log = QueryLog(self.folder.parent / "platform")

    def command(self, *arguments: str) -> float:
        """`propensity ...` as an engineer types it; returns the seconds it took."""
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "runner.cli", *arguments],
            cwd=self.folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
        return round(time.monotonic() - started, 1)

    def measured(self, name: str, *arguments: str) -> Scans:
        """The same, with what Query Service scanned meanwhile."""
        self.log.since()
        seconds = self.command(*arguments)
        found = self.log.since()
        self.tell(name, seconds=seconds, **asdict(found) | {"writes": len(found.writes)})
        return found

    def extra(self, day: date, share: float, version: str = "") -> list[Event]:
        """Mails of a day for a share of the users."""
        begin = ms(day.isoformat())
        return [
            Event(f"extra-{day}-{n}{version}", f"extra-{n}", SENT, begin + (n % 1440) * MINUTE + n % 7)
            for n in range(max(1, round(self.users * share)))
        ]

    def again(self, day: date, most: int) -> list[Event]:
        """Events of a day that are in the lake, as a source that delivers twice would send them."""
        begin, end = (f"cast('{d} 00:00:00' as timestamp)" for d in (day, day + timedelta(days=1)))
        rows = self.sql.rows(
            "select _id as event_id, _acme.userId as user_id, eventType as event_type, timestamp as at "
            f"from propensity_events where timestamp >= {begin} and timestamp < {end} "
            f"order by event_id asc nulls last limit {most}"
        )
        return [Event(r["event_id"], r["user_id"], r["event_type"], ms(r["at"].isoformat())) for r in rows]

    def rows_by_day(self) -> dict[date, int]:
        found = self.sql.rows(
            "select cast(timestamp as date) as d, count(*) as n from propensity_events group by cast(timestamp as date)"
        )
        return {day_of(row["d"]): int(row["n"]) for row in found}

    def sums_of(self, use_case: str) -> Mapping[str, str]:
        """Every relation of a use case, with a sum over all its rows that any other value would change.

        A view of a dataset shows one of its runs, so that its run and its rows say enough.
        """
        found = {}
        for kind in ("table", "view"):
            for row in self.sql.rows(f"show {kind}s"):
                name = str(row.get("name") or row.get("Name"))
                if name.startswith(f"{use_case}_"):
                    found[name] = f"{row.get('dataSetId') or ''} {self._sum(name)}"
        assert len(found) >= 10, found
        return found

    def _sum(self, name: str) -> str:
        columns = self.sql.columns(name)
        if not name.endswith("_runs") and "as_of" in columns:
            row = self.sql.rows(f"select count(*) as n, min(run_id) as a, max(run_id) as b from {name}")[0]
            return " ".join(str(v) for v in row.values())
        values = ", ".join(f"coalesce(cast({c} as string), '-')" for c in columns)
        row = self.sql.rows(
            "select count(*) as n, sum(cast(conv(substr(h, 1, 8), 16, 10) as bigint)) as a, "
            "sum(cast(conv(substr(h, 9, 8), 16, 10) as bigint)) as b "
            f"from (select md5(concat_ws('|', {values})) as h from {name}) as hashed"
        )[0]
        return " ".join(str(v) for v in row.values())

    def newest_run(self, use_case: str) -> str:
        return str(self.sql.scalar(f"select max(run_id) as n from {use_case}_spine"))

    def tell(self, name: str, **figures: float) -> None:
        """Figures of one step, printed and kept at once."""
        self.figures.setdefault(name, {}).update(figures)
        print(name, json.dumps(figures), flush=True)
        REPORTS.mkdir(exist_ok=True)
        text = json.dumps(self.figures, indent=2)
        (REPORTS / f"full-size-{self.users}.json").write_text(text, encoding="utf-8")


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("users", [2_000, 120_000])
def test_a_fresh_platform_builds_both_use_cases_and_a_night_costs_what_is_new(project: Project, users: int) -> None:
    story = Story(project, users)
    check_the_nights(story, check_the_first_builds(story))


def synthesized(story: Story, days: int) -> float:
    end = str(END + timedelta(days=days - DAYS))
    return story.command("synthesize", "--users", str(story.users), "--seed", "7", "--days", str(days), "--end", end)


def check_the_first_builds(story: Story) -> Scans:
    """Everything of both use cases, and again with nothing new."""
    story.tell("setup", seconds=story.command("setup", "--yes"))
    story.tell("events", seconds=synthesized(story, DAYS))
    story.store.add_events(story.extra(REPLACED, 0.02), "one-day")
    story.tell("events", rows=sum(story.rows_by_day().values()))

    first = story.measured("first build", *BUILD, "--selector", "featurize")
    again = story.measured("second build, nothing new", *WITHOUT_UNITS, "--selector", "featurize")
    assert again.models < 0.02 * first.models
    assert again.events == 0
    assert again.writes == ()
    assert 0 < again.tests <= first.tests
    return first


def check_the_nights(story: Story, first: Scans) -> None:
    """One more day, with late, repeated and replaced events: the one use case by the runner, the other by dbt alone."""
    newsletter, purchase = story.sums_of("newsletter"), story.sums_of("purchase")
    story.tell("one more day", seconds=synthesized(story, DAYS + 1))
    late, repeated = story.extra(LATE, 0.001), story.again(REPEATED, 1 + story.users // 200)
    story.store.add_events([*late, *repeated], "late")
    story.store.add_events(story.extra(REPLACED, 0.018, "-corrected"), "one-day")

    night = story.measured("that night, newsletter", "featurize", "--use-case", "newsletter")
    assert story.newest_run("newsletter") == "newsletter-20261103"
    assert story.sums_of("purchase") == purchase
    moved = story.sums_of("newsletter")
    assert {n for n in moved if moved[n] != newsletter[n]} >= {"newsletter_training_set_runs", "newsletter_scoring_set"}
    other = story.measured("the same night, purchase", *WITHOUT_UNITS, "--select", "+tag:purchase")
    assert story.newest_run("purchase") == "purchase-20261103"
    assert story.sums_of("newsletter") == moved
    assert story.sums_of("purchase") != purchase

    rows = story.rows_by_day()
    bound = sum(rows[day] for day in (END, LATE, REPLACED, REPEATED))
    story.tell("that night, newsletter", new_and_touched_rows=bound, times=round(night.events / bound, 3))
    assert 0 < night.events <= 2.2 * bound
    assert len(night.writes) <= 8
    assert other.events == 0
    assert len(other.writes) <= 8
    for run, count in (("newsletter", night), ("purchase", other)):
        assert count.tests <= first.tests, run
        in_sets = story.sql.count(f"{run}_training_set", f"run_id = {literal(story.newest_run(run))}")
        assert in_sets == story.sql.count(f"{run}_training_set") > story.users / 4
