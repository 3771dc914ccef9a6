"""The night after: new events, new conversions, people who opt out. Yesterday's scores must not linger."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from runner import steps
from runner.session import open_session
from tests.end_to_end.conftest import Project

END = date(2026, 11, 2)
USERS = {"users": 1500, "seed": 3, "scenario": "default"}


def one_night(project: Project, day: date, days: int) -> dict[str, Any]:
    steps.synthesize(project.settings, days=days, end=day, **USERS)  # type: ignore[arg-type]
    run_id = steps.run(project.settings, "newsletter", None)
    assert run_id == f"newsletter-{day:%Y%m%d}"
    assert not steps.activate(project.settings, run_id)
    project.a_day_passes()
    assert steps.activate(project.settings, run_id)
    workspace = open_session(project.settings).workspace(run_id)
    names = ("featurize", "score", "publish", "audience", "activate", "verification")
    return {name: workspace.load(name) for name in names}


def delivered(project: Project, files: list[str]) -> set[str]:
    zone = open_session(project.settings).platform.landing_zone.open()
    found: set[str] = set()
    for name in files:
        with zone.filesystem.open_input_stream(zone.path(name)) as stream:
            rows = list(csv.reader(stream.read().decode().splitlines()))
        person = next(i for i, title in enumerate(rows[0]) if "userId" in title or "ECID" in title)
        found |= {row[person] for row in rows[1:]}
    return found


def test_the_second_days_audience_is_that_days_scores_and_nobody_who_converted(project: Project) -> None:
    first = one_night(project, END, 70)
    second = one_night(project, END + timedelta(days=1), 71)

    scores = pq.read_table(second["score"]["scores_file"]).to_pandas()
    meet = set(scores[scores["score"] >= second["audience"]["min_score"]]["user_id"])
    members = delivered(project, second["activate"]["files"])
    assert members == meet
    assert second["activate"]["audience_size"] == len(meet) > 0

    session = open_session(project.settings)
    events = session.platform.catalog.dataset_named("propensity_events").table_name
    rows = session.sql.rows(
        f"SELECT DISTINCT _acme.userId AS person FROM {events} WHERE eventType = 'web.formFilledOut' LIMIT 0"
    )
    converted = {row["person"] for row in rows}
    assert converted
    assert members.isdisjoint(converted)

    # Who was scored yesterday and is left out today has been told so: no old score qualifies.
    yesterday = set(pq.read_table(first["score"]["scores_file"])["user_id"].to_pylist())
    gone = yesterday - set(scores["user_id"])
    assert gone
    assert second["publish"]["not_eligible_published"] == len(gone)
    assert second["verification"]["profiles_with_score"] == second["featurize"]["scoring_rows"]
    assert Path(second["score"]["scores_file"]) != Path(first["score"]["scores_file"])
