"""The as-of date comes from the data, never from now."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from runner.errors import DataError, SettingsError
from runner.featurize import DayOfData, EventDays, History, end_of_newest_complete_day, read_history, require_history
from runner.featurize.history import checked_name, require_target
from runner.settings import AudienceSettings, UseCase

NOW = datetime(2026, 11, 23, 12, 0)
CASE = UseCase(
    name="newsletter", title="x", target_event="e", horizon_days=14, audience=AudienceSettings(name="a", top_percent=1)
)


class Answers:
    """A SQL client that gives prepared rows and remembers what it was asked."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.answer = rows
        self.asked: list[str] = []

    def rows(self, sql: str) -> list[dict[str, Any]]:
        self.asked.append(sql)
        return self.answer


def day(text: str, last: str = "23:58", events: int = 100) -> DayOfData:
    return DayOfData(date.fromisoformat(text), events, datetime.fromisoformat(f"{text}T{last}"))


def history(*days: DayOfData, now: datetime = NOW) -> History:
    return History(now, days, 0)


def days_from(first: date, count: int) -> tuple[DayOfData, ...]:
    return tuple(day((first + timedelta(days=n)).isoformat()) for n in range(count))


def test_a_day_that_reaches_its_end_is_complete() -> None:
    assert end_of_newest_complete_day(history(*days_from(date(2026, 11, 1), 8))) == date(2026, 11, 9)


def test_a_file_cut_off_in_the_afternoon_ends_a_day_earlier() -> None:
    cut = (*days_from(date(2026, 11, 1), 8), day("2026-11-09", "15:00"))
    assert end_of_newest_complete_day(history(*cut)) == date(2026, 11, 9)


def test_a_few_seconds_past_midnight_are_not_a_day() -> None:
    spilled = (*days_from(date(2026, 11, 1), 8), day("2026-11-09", "00:00:20", 3))
    assert end_of_newest_complete_day(history(*spilled)) == date(2026, 11, 9)


def test_today_is_never_complete() -> None:
    today = (*days_from(date(2026, 11, 14), 9), day("2026-11-23", "11:59"))
    assert end_of_newest_complete_day(history(*today)) == date(2026, 11, 23)


def test_thin_data_is_judged_by_its_own_habits() -> None:
    thin = [day(f"2026-11-0{n}", last, 4) for n, last in enumerate(["14:00", "09:30", "21:00", "16:00", "10:00"], 1)]
    assert end_of_newest_complete_day(history(*thin)) == date(2026, 11, 6)


def test_history_ignores_times_after_now_and_strays_before_a_long_silence() -> None:
    rows = [
        {"day": d.day, "event_rows": d.events, "last_at": d.last_at, "now": NOW}
        for d in (day("1970-01-01", events=2), *days_from(date(2026, 11, 1), 8), day("2031-01-01", events=7))
    ]
    found = read_history(Answers(rows), "propensity_events")
    assert (found.first_day, found.newest_day) == (date(2026, 11, 1), date(2026, 11, 8))
    assert (found.events, found.after_now) == (800, 7)


def test_an_empty_dataset_says_how_to_fill_it() -> None:
    with pytest.raises(DataError, match=r"propensity_events is empty.*load-events"):
        read_history(Answers([]), "propensity_events")


def test_too_short_a_history_states_the_days_needed_and_seen() -> None:
    short = history(*days_from(date(2026, 10, 10), 30))
    with pytest.raises(DataError, match=r"needs 35 days .* the data has 30 \(from 2026-10-10\)"):
        require_history(CASE, short, date(2026, 11, 9))
    require_history(CASE, history(*days_from(date(2026, 10, 5), 35)), date(2026, 11, 9))


def test_an_as_of_after_the_data_is_refused_with_the_last_possible_date() -> None:
    with pytest.raises(DataError, match=r"2026-11-20 is after the end of the data.*Use 2026-11-09"):
        require_history(CASE, history(*days_from(date(2026, 8, 31), 70)), date(2026, 11, 20))


def test_a_target_that_never_happened_is_refused_with_what_is_written_like_it() -> None:
    seen = ("commerce.purchases", CASE.target_event)
    require_target(CASE, seen, date(2026, 11, 9))
    typed = CASE.model_copy(update={"target_event": "Commerce.purchase"})
    with pytest.raises(DataError, match=r"no event before 2026-11-09 is of that type; is it commerce.purchases\?"):
        require_target(typed, seen, date(2026, 11, 9))
    with pytest.raises(DataError, match=r"there are: commerce.purchases, "):
        require_target(CASE.model_copy(update={"target_event": "x"}), seen, date(2026, 11, 9))


def test_event_types_are_those_before_as_of_only() -> None:
    days = EventDays(
        "t", "1", 1, 0, (), (("rare", date(2026, 11, 8), 1), ("new", date(2026, 11, 9), 9), ("a", NOW.date(), 7))
    )
    assert days.event_types(date(2026, 11, 9)) == ("rare",)
    assert days.event_types(date(2026, 11, 24)) == ("new", "a", "rare")


@pytest.mark.parametrize("name", ["a b", "a;drop", "a-b", "", "1a", "a'b"])
def test_only_plain_names_go_into_sql(name: str) -> None:
    with pytest.raises(SettingsError, match="is not the name of a table"):
        checked_name(name)
