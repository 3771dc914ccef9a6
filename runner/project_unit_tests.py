"""dbt unit tests of the generated features: what each must say of an event at as_of, just before, never, and so on.

Every feature of propensity.yml is put to the same cases, which stand below as tables. `T` is the event type in hand,
as_of is 2026-11-09 00:00 UTC, the look-back 90 days (macro `activity_of_events`). Who has no event in the look-back has
no row, so no row is expected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from runner.project_yaml import GENERATED, inline
from runner.settings import Settings

ANOTHER = "some.other_event"
"""An event type that is none of the listed ones."""
MOMENTS: tuple[tuple[str, str], ...] = (
    ("at_as_of", "2026-11-09 00:00:00"),
    ("only_future", "2026-11-10 12:00:00"),
    ("long_ago", "2026-08-10 23:59:59.999"),
    ("one_ms_before", "2026-11-08 23:59:59.999"),
    ("one_ms_before", "2026-11-09 00:00:00"),
    ("time_zones", "2026-11-09 01:30:00+02:00"),
    ("time_zones", "2026-11-08 22:30:00-02:00"),
    ("tie", "2026-11-07 00:00:00"),
    ("tie", "2026-11-07 00:00:00"),
    ("window_edges", "2026-08-11 00:00:00"),
    ("window_edges", "2026-10-11 23:59:59.999"),
    ("window_edges", "2026-10-12 00:00:00"),
    ("window_edges", "2026-11-01 23:59:59.999"),
    ("window_edges", "2026-11-02 00:00:00"),
    ("window_edges", "2026-11-07 23:59:59.999"),
    ("window_edges", "2026-11-08 00:00:00"),
)
"""Who had a `T` event when. `never` had another event only."""
COUNTED: Mapping[str, tuple[int, int, int, int, float | None]] = {
    "one_ms_before": (1, 1, 1, 1, 1 / 60_000),
    "time_zones": (1, 1, 1, 1, 30.0),
    "tie": (0, 2, 2, 2, 2880.0),
    "window_edges": (1, 3, 5, 7, 1440.0),
    "never": (0, 0, 0, 0, None),
}
"""What follows: the number of `T` events in 1, 7, 28 and 90 days, and the minutes since the last one."""

VALUES = (100.0, 100.0, 100.0, -2.5, 100.0, 3.0, 100.0, 5.0, 7.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0)
"""The number that the event of each of these moments carried."""

Row = dict[str, Any]


def event_tests(events: Sequence[tuple[str, str]]) -> list[str]:
    """One test for the five features of each event type, and one for the number of types."""
    found = []
    for event_type, name in events:
        given = [_event(user, event_type, at) for user, at in MOMENTS] + [
            _event("never", ANOTHER, "2026-11-08 12:00:00")
        ]
        columns = [*(f"n_{name}_{days}d" for days in (1, 7, 28, 90)), f"minutes_since_{name}"]
        expected = [{"user_id": user} | dict(zip(columns, values, strict=True)) for user, values in COUNTED.items()]
        found.append(_test(f"{name}_as_it_was_known", "feat_events", given, expected))
    given = [_event(user, "x", at) for user, at in MOMENTS]
    given += [_event("tie", "y", "2026-11-07 00:00:00"), _event("time_zones", "y", "2026-11-09 00:30:00+02:00")]
    given += [_event("window_edges", "y", "2026-08-10 23:59:59.999"), _event("never", ANOTHER, "2026-11-08 12:00:00")]
    types = {"one_ms_before": 1, "time_zones": 2, "tie": 2, "window_edges": 1, "never": 1}
    expected = [{"user_id": user, "n_event_types": n} for user, n in types.items()]
    return [*found, _test("event_types_as_they_were_known", "feat_events", given, expected)]


def rate_tests(settings: Settings, events: Sequence[tuple[str, str]]) -> list[str]:
    """One test for each rate: `never` had the numerator without the denominator, which is null and not zero."""
    found = []
    for rate in settings.rates:
        given = [_event(user, rate.denominator, at) for user, at in MOMENTS]
        given += [
            _event("window_edges", rate.numerator, at) for at in ("2026-10-11 23:59:59.999", "2026-10-12 00:00:00")
        ]
        given += [_event(user, rate.numerator, "2026-11-08 12:00:00") for user in ("tie", "tie", "tie", "never")]
        given += [
            _event(user, rate.numerator, "2026-11-09 00:00:00") for user in ("at_as_of", "one_ms_before", "never")
        ]
        rates = {"one_ms_before": (0.0, 0.0), "time_zones": (0.0, 0.0), "tie": (1.5, 1.5), "never": (None, None)}
        rates["window_edges"] = (1 / 5, 2 / 7)
        columns = [f"rate_{rate.name}_{days}d" for days in (28, 90)]
        expected = [{"user_id": user} | dict(zip(columns, values, strict=True)) for user, values in rates.items()]
        found.append(_test(f"rate_{rate.name}_as_it_was_known", "feat_events", given, expected))
    return found


def number_tests(settings: Settings) -> list[str]:
    """One test for each numeric field. Of two values in one millisecond the larger is the last."""
    found = []
    for field in settings.numeric_fields:
        given = [
            _event(moment[0], "x", moment[1], field.name, value) for moment, value in zip(MOMENTS, VALUES, strict=True)
        ]
        given.append(_event("never", "x", "2026-11-08 12:00:00"))
        given.append(_event("window_edges", "y", "2026-11-08 12:00:00"))
        columns = [(a, d, f"{a}_{field.name}_{d}d") for d in (1, 7, 28, 90) for a in field.aggregations]
        expected = [{"user_id": u} | {c: of[d].get(a) for a, d, c in columns} for u, of in _NUMBERS.items()]
        found.append(_test(f"{field.name}_as_it_was_known", "feat_numbers", given, expected))
    return found


def _all(total: float, mean: float, largest: float, last: float) -> dict[str, float | None]:
    return {"sum": total, "mean": mean, "max": largest, "last": last}


_NONE: dict[str, float | None] = {}
_NUMBERS: Mapping[str, Mapping[int, dict[str, float | None]]] = {
    "one_ms_before": dict.fromkeys((1, 7, 28, 90), _all(-2.5, -2.5, -2.5, -2.5)),
    "time_zones": dict.fromkeys((1, 7, 28, 90), _all(3.0, 3.0, 3.0, 3.0)),
    "tie": {1: _NONE} | dict.fromkeys((7, 28, 90), _all(12.0, 6.0, 7.0, 7.0)),
    "window_edges": {
        1: _all(15.0, 15.0, 15.0, 15.0),
        7: _all(42.0, 14.0, 15.0, 15.0),
        28: _all(65.0, 13.0, 15.0, 15.0),
        90: _all(84.0, 12.0, 15.0, 15.0),
    },
    "never": dict.fromkeys((1, 7, 28, 90), _NONE),
}
"""What follows from `VALUES`."""


def channel_tests(settings: Settings) -> list[str]:
    """One test for each channel field. Of one millisecond the last in the alphabet holds; null changes nothing."""
    found = []
    for field in settings.channel_fields:
        given = [_event(user, "x", at, field.name, "mail") for user, at in MOMENTS]
        given += [_event("tie", "y", "2026-11-07 00:00:00", field.name, "search")]
        given += [_event("one_ms_before", "x", "2026-11-08 23:00:00", field.name, "search")]
        given += [_event("window_edges", "y", "2026-11-08 12:00:00"), _event("never", "x", "2026-11-08 12:00:00")]
        last = dict.fromkeys(COUNTED, "mail") | {"tie": "search", "never": None}
        expected: list[Row] = [
            {"user_id": user, f"last_{field.name}": last[user], f"minutes_since_{field.name}": minutes}
            for user, (*_, minutes) in COUNTED.items()
        ]
        found.append(_test(f"{field.name}_as_it_was_known", "feat_channels", given, expected))
    return found


def unit_tests_yaml(tests: Sequence[str]) -> str:
    """The YAML file of these tests."""
    return "\n".join([f"# {GENERATED}; edit that file instead.", "version: 2", "", "unit_tests:", *tests])


def _event(user: str, event_type: str, at: str, field: str = "", value: float | str | None = None) -> Row:
    row: Row = {"user_id": user, "event_type": event_type, "at": at}
    return row | {field: value} if value is not None else row


def _test(name: str, model: str, given: Iterable[Row], expected: Iterable[Row]) -> str:
    lines = [f"  - name: {name}", f"    model: {model}", "    given:", "      - input: ref('int_activity_as_of')"]
    lines += ["        rows:", *(f"          - {inline(row)}" for row in given)]
    lines += ["    expect:", "      rows:", *(f"        - {inline(row)}" for row in expected)]
    return "\n".join(lines) + "\n"
