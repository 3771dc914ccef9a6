"""The price of a run follows what is new, not how long the history is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from runner.featurize import Featurized
from runner.settings import AudienceSettings, Settings, UseCase
from tests.integration.feature_store import FeatureStore, feature_store
from tests.integration.point_in_time import DAY, MINUTE, Event, ms
from tests.integration.query_log import QueryLog, Scans

LAST = date(2026, 11, 8)
USERS, A_DAY = 25, 3
LATE, REPLACED = LAST - timedelta(days=20), LAST - timedelta(days=9)


def of_day(day: date, version: str = "") -> list[Event]:
    """A day's events: everybody visits three times; one in seven orders."""
    begin, number = ms(day.isoformat()), day.toordinal()
    return [
        Event(
            f"{day}-{user}-{k}{version}",
            f"u{user}",
            "order" if (user * 3 + number + k) % 21 == 0 else "visit",
            begin + (user * 7 + k * 470 + 11) * MINUTE,
        )
        for user in range(USERS)
        for k in range(A_DAY)
    ]


@dataclass(frozen=True)
class Measured:
    """First build, again with nothing new, then with one more day, a late event and a day that was replaced."""

    first: Scans
    again: Scans
    more: Scans
    runs: tuple[Featurized, ...]


def measured(store: FeatureStore, days: int) -> Measured:
    history = [LAST - timedelta(days=n) for n in range(1, days + 1)]
    # Uploaded in no order, as one batch; the day to be replaced is a batch of its own.
    store.add_events([e for day in sorted(history, key=lambda d: d.toordinal() * 7919 % 9973) if day != REPLACED
                      for e in of_day(day)], "history")  # fmt: skip
    store.add_events(of_day(REPLACED), "one-day")
    log = QueryLog(store.folder / "platform")
    log.since()
    runs = [store.featurize(LAST, "orders")]
    first = log.since()
    runs.append(store.featurize(LAST, "orders"))
    again = log.since()
    store.add_events([*of_day(LAST), Event("late", "u1", "visit", ms(LATE.isoformat()) + DAY // 2)], "new-day")
    store.add_events(of_day(REPLACED, "-corrected")[:-5], "one-day")
    runs.append(store.featurize(None, "orders"))
    return Measured(first, again, log.since(), tuple(runs))


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Measured]:
    case = UseCase(
        name="orders",
        title="Who will order",
        target_event="order",
        repeatable=True,
        horizon_days=5,
        training_as_ofs=1,
        audience=AudienceSettings(name="Likely buyers", top_percent=10),
    )
    found = {}
    for days in (30, 365):
        with feature_store(tmp_path_factory.mktemp(f"days{days}"), Settings(use_cases=(case,))) as store:
            found[days] = measured(store, days)
    return found


@pytest.mark.parametrize("days", [30, 365])
def test_with_nothing_new_the_models_read_next_to_nothing(history: dict[int, Measured], days: int) -> None:
    found = history[days]
    assert found.again.models < 0.02 * found.first.models
    assert found.again.events == 0
    assert found.again.writes == ()
    assert found.runs[1].training_rows == found.runs[0].training_rows > 20


@pytest.mark.parametrize("days", [30, 365])
def test_a_new_day_costs_that_day_and_the_days_that_were_touched(history: dict[int, Measured], days: int) -> None:
    found = history[days]
    day = USERS * A_DAY
    touched = day + 1 + day - 5  # the late event's day, and the day that was replaced as it is now
    assert found.runs[2].as_of == "2026-11-09"
    assert 0 < found.more.events <= 2.2 * (day + touched)
    assert found.runs[2].batch_statements == len(found.more.writes) <= 8


def test_data_tests_read_the_newest_run_and_not_the_history(history: dict[int, Measured]) -> None:
    short, long = history[30], history[365]
    assert 0 < long.more.tests == short.more.tests
