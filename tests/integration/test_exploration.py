"""Exploration figures from Query Service equal those counted by hand over the same events."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pytest

from runner.errors import DataError
from runner.exploration import Exploration, explore, pearson, strongest
from tests.integration.feature_store import FeatureStore, feature_store, synthetic_events
from tests.integration.point_in_time import Event, ms
from tests.integration.query_log import QueryLog

AS_OF = datetime(2026, 11, 2, tzinfo=UTC)
TARGET = "web.formFilledOut"
EVENTS = [
    *synthetic_events(300),
    Event("quoted", "O'Brien", "it's new", ms("2026-10-01")),
    Event("at-as-of", "late", TARGET, ms("2026-11-02")),
    *(Event(f"again-{n}", f"sent-twice-{n}", TARGET, ms(f"2026-10-{day}") + n) for n in range(5) for day in (12, 14)),
    Event("same-day", "sent-twice-0", TARGET, ms("2026-10-16")),
]
REPEATED = Event("same-day", "sent-twice-0", TARGET, ms("2026-10-16") + 1)
BEFORE = [e for e in EVENTS if e.at_ms < ms("2026-11-02")]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FeatureStore]:
    with feature_store(tmp_path_factory.mktemp("exploration")) as running:
        running.add_events([*EVENTS, REPEATED], "events-1")
        running.featurize(AS_OF.date())
        yield running


@pytest.fixture(scope="module")
def found(store: FeatureStore) -> Exploration:
    return explore(store.settings, store.settings.use_case("newsletter"), store.platform, store.sql, AS_OF)


def test_only_events_before_as_of_count(found: Exploration) -> None:
    assert found.events == len(BEFORE)
    assert found.users == len({e.user_id for e in BEFORE})
    assert found.targets == sum(e.event_type == TARGET for e in BEFORE)


def test_event_ids_that_come_again_on_another_day_are_noticed_and_count_on_both(found: Exploration) -> None:
    assert found.ids_on_several_days == 5


def test_counts_and_users_by_type(found: Exploration) -> None:
    events = Counter(e.event_type for e in BEFORE)
    users = Counter(t for _, t in {(e.user_id, e.event_type) for e in BEFORE})
    assert {t.event_type: (t.events, t.users) for t in found.types} == {t: (events[t], users[t]) for t in events}
    assert [t.events for t in found.types] == sorted(events.values(), reverse=True)


def test_correlations_over_users(found: Exploration) -> None:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for event in BEFORE:
        counts[str(event.user_id)][event.event_type] += 1
    for figures in found.types:
        own = [c[figures.event_type] for c in counts.values()]
        target = [c[TARGET] for c in counts.values()]
        assert figures.correlation == pytest.approx(np.corrcoef(own, target)[0, 1])
    assert strongest(found.types, TARGET)[0].event_type == "web.webpagedetails.pageViews"


def test_days_are_utc_days_in_order(found: Exploration) -> None:
    by_day = Counter(datetime.fromtimestamp(e.at_ms / 1000, UTC).date().isoformat() for e in BEFORE)
    assert {d.day: d.events for d in found.days} == dict(by_day)
    assert [d.day for d in found.days] == sorted(by_day)


def test_a_sample_says_how_wrong_it_may_be(found: Exploration) -> None:
    assert found.sample is not None
    assert found.sample.whole == pytest.approx(found.target_users / found.users)
    assert 0.3 < found.sample.observed_error / found.sample.expected_error < 3


def test_looking_at_the_events_reads_daily_activity_once_and_no_events(store: FeatureStore) -> None:
    log = QueryLog(store.folder / "platform")
    log.since()
    explore(store.settings, store.settings.use_case("newsletter"), store.platform, store.sql, AS_OF)
    scans = log.since()
    assert scans.events == 0
    rows = store.sql.rows("select count(user_id) as n from int_user_day_activity")[0]["n"]
    assert 0 < scans.runner < 2 * rows, "daily activity is read once; the rest are the notes that its view reads"
    print(f"{scans.runner:,} rows scanned for figures of {rows:,} rows")


def test_no_event_before_as_of_is_said(store: FeatureStore) -> None:
    early = datetime(2020, 1, 1, tzinfo=UTC)
    with pytest.raises(DataError, match="no event with an identity before 2020-01-01"):
        explore(store.settings, store.settings.use_case("newsletter"), store.platform, store.sql, early)


def test_no_correlation_without_variation() -> None:
    assert pearson(10, 10, 3, 10, 3, 3) is None
