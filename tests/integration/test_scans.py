"""The price of a run follows what is new, not how long the history is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

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


CASE = UseCase(
    name="orders",
    title="Who will order",
    target_event="order",
    repeatable=True,
    horizon_days=5,
    training_as_ofs=1,
    audience=AudienceSettings(name="Likely buyers", top_percent=10),
)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Measured]:
    """Measures a history of so many days, once."""

    @cache
    def of(days: int) -> Measured:
        with feature_store(tmp_path_factory.mktemp(f"days{days}"), Settings(use_cases=(CASE,))) as store:
            return measured(store, days)

    return of


def check(found: Measured) -> None:
    """With nothing new next to nothing is read; a new day costs that day and the days that were touched."""
    assert found.again.models < 0.02 * found.first.models
    assert found.again.events == 0
    assert found.again.writes == ()
    assert found.runs[1].training_rows == found.runs[0].training_rows > 20
    day = USERS * A_DAY
    touched = day + 1 + day - 5  # the late event's day, and the day that was replaced as it is now
    assert found.runs[2].as_of == "2026-11-09"
    assert 0 < found.more.events <= 2.2 * (day + touched)
    assert found.runs[2].batch_statements == len(found.more.writes) <= 8


def test_a_run_after_a_year_of_history_costs_what_is_new(history: Callable[[int], Measured]) -> None:
    check(history(365))


@pytest.mark.soak
def test_a_run_after_a_month_of_history_costs_as_much_and_data_tests_do_too(
    history: Callable[[int], Measured],
) -> None:
    check(history(30))
    assert history(365).more.events == history(30).more.events
    assert 0 < history(365).more.tests == history(30).more.tests
