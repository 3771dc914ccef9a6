"""Runs over growing data, with everything that happens to batches, equal one build of all days at the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest

from runner.featurize import Featurized
from tests.integration.feature_store import FeatureStore, feature_store, synthetic_events
from tests.integration.point_in_time import DAY, Event, ms
from tests.integration.whole_build import check_equal_to_a_whole_build

DAYS = (date(2026, 11, 4), date(2026, 11, 5), date(2026, 11, 6), date(2026, 11, 7))
"""The as-of date of each run: the data ends the day before."""
OPENED, TARGET = "directMarketing.emailOpened", "web.formFilledOut"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FeatureStore]:
    with feature_store(tmp_path_factory.mktemp("increments")) as running:
        running.add_profiles(["quiet", "refuser"], [False, True], "profiles-1")
        yield running


@pytest.fixture(scope="module")
def runs(store: FeatureStore) -> list[Featurized]:
    """Four runs, and between them what late sources, repeats, corrections and mistakes do."""
    events = synthetic_events(150)

    def between(start: date | None, end: date) -> list[Event]:
        return [e for e in events if (start is None or ms(str(start)) <= e.at_ms) and e.at_ms < ms(str(end))]

    done = []
    store.add_events(between(None, DAYS[0]), "history")
    store.add_events([Event("mistake", "nobody", OPENED, ms("2026-10-20")),
                      Event("mistake-2", "lonely", OPENED, ms("2026-09-01") - 30 * DAY)], "mistake")  # fmt: skip
    done.append(store.featurize(None))

    late = [
        Event("late-1", "u-late", OPENED, ms("2026-09-20") + 5),
        Event("late-2", "u-late", TARGET, ms("2026-10-30")),
    ]
    late.append(Event("early", "hasty", OPENED, round(store.local.now().timestamp() * 1000) + DAY))
    repeated = between(date(2026, 10, 31), date(2026, 11, 2))
    store.add_events(between(DAYS[0], DAYS[1]) + late + repeated, "day-2")
    done.append(store.featurize(None))

    corrected = [replace(e, event_type=OPENED) for e in between(DAYS[0], DAYS[1])][::2]
    store.add_events(corrected + late, "day-2")  # the same name with other content replaces it
    store.add_events(between(DAYS[1], DAYS[2]), "day-3")
    done.append(store.featurize(None))

    revert(store, "mistake")
    store.add_events(between(DAYS[2], DAYS[3]), "day-4")
    done.append(store.featurize(None))
    return done


def revert(store: FeatureStore, name: str) -> None:
    catalog = store.platform.catalog
    dataset = catalog.dataset_named(store.settings.datasets.events)
    (batch,) = [b for b in catalog.batches(dataset_id=dataset.id, status="success") if b.external_id == name]
    store.platform.ingestion.act(batch.id, "REVERT")


def test_each_run_builds_the_days_that_changed_and_no_others(store: FeatureStore, runs: list[Featurized]) -> None:
    noted = store.sql.rows("select distinct sequence, activity_date from int_user_day_activity_days where sequence > 1")
    days: dict[int, set[str]] = {}
    for row in noted:
        days.setdefault(row["sequence"], set()).add(str(row["activity_date"]))
    tomorrow = str((store.local.now() + timedelta(days=1)).date())
    assert days[2] == {"2026-11-04", "2026-09-20", "2026-10-30", "2026-10-31", "2026-11-01", tomorrow}
    assert days[3] == days[2] | {"2026-11-05"}
    assert days[4] == {"2026-11-06", "2026-10-20", "2026-08-02"}
    assert [r.as_of for r in runs] == [str(day) for day in DAYS]
    assert [r.batch_statements for r in runs] == [6] * 4
    assert runs[0].first_day == "2026-08-02"
    assert runs[3].first_day == "2026-08-31"


def test_four_runs_equal_one_build_of_all_days(store: FeatureStore, runs: list[Featurized]) -> None:
    last = runs[-1]
    check_equal_to_a_whole_build(store, last, "whole")
    assert last.events_by_standing == {
        str(r["standing"]): int(r["n"])
        for r in store.sql.rows("select standing, sum(n) as n from whole_int_user_day_activity group by standing")
    }


def test_an_event_from_the_future_counts_once_its_time_has_come(store: FeatureStore, runs: list[Featurized]) -> None:
    hasty = "select standing from int_user_day_activity where user_id = 'hasty'"
    assert store.sql.rows(hasty) == [{"standing": "after now"}]
    store.local.advance(1.5 * 86_400)
    again = store.featurize(DAYS[3])
    assert store.sql.rows(hasty) == [{"standing": "usable"}]
    assert again.batch_statements == 2  # that day, and the note that it is complete
    assert "after now" not in again.events_by_standing
    assert again.run_id == runs[3].run_id


def test_a_snapshot_that_has_expired_means_reading_all_days_and_says_so(
    store: FeatureStore, runs: list[Featurized], capsys: pytest.CaptureFixture[str]
) -> None:
    store.local.advance(3 * 86_400)
    store.add_events([Event("after-a-pause", "quiet", OPENED, ms("2026-10-01"))], "pause-1")
    store.add_events([Event("after-a-pause-2", "quiet", OPENED, ms("2026-10-02"))], "pause-2")
    before = store.sql.count("int_user_day_activity")
    store.local.advance(3 * 86_400)
    store.add_events([Event("after-a-pause-3", "quiet", OPENED, ms("2026-10-03"))], "pause-3")
    store.featurize(date(2026, 11, 3))
    said = capsys.readouterr().out
    assert "reading all of propensity_events" in said
    assert "expired" in said
    assert store.sql.count("int_user_day_activity") == before + 3
