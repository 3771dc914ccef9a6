"""Quartz cron expressions that run once a day, e.g. ``0 0 1 * * ?`` for 01:00 UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

_NUMBER = re.compile(r"\d{1,2}")


class CronError(ValueError):
    """An expression that is no Quartz cron, or that runs more or less than once a day."""


def daily_time(expression: str) -> time:
    """The time of day of a daily schedule.

    Raises:
        CronError: jobs can only be scheduled to run once a day.
    """
    fields = expression.split()
    if len(fields) not in (6, 7):
        raise CronError(f"{expression!r} has {len(fields)} fields; Quartz cron has 6, such as '0 0 1 * * ?'.")
    second, minute, hour, day, month, weekday = fields[:6]
    for name, text, limit in (("second", second, 59), ("minute", minute, 59), ("hour", hour, 23)):
        if not _NUMBER.fullmatch(text) or int(text) > limit:
            raise CronError(f"The {name} is {text!r}; expected 0 to {limit}: a job runs exactly once a day.")
    if day not in ("*", "?") or month != "*" or weekday not in ("*", "?") or day == weekday == "?":
        raise CronError(f"{expression!r} does not run every day; use 'second minute hour * * ?'.")
    if len(fields) == 7 and fields[6] != "*":
        raise CronError(f"{expression!r} is limited to some years; leave the seventh field out.")
    return time(int(hour), int(minute), int(second), tzinfo=UTC)


def instants(at: time, after: datetime, until: datetime) -> list[datetime]:
    """The times in (after, until] at which a daily schedule runs."""
    found: list[datetime] = []
    candidate = datetime.combine(after.astimezone(UTC).date(), at)
    while candidate <= until:
        if candidate > after:
            found.append(candidate)
        candidate += timedelta(days=1)
    return found
