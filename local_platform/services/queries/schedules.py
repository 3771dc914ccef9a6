"""Scheduled queries: a statement with a five-field cron expression, and its runs."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from local_platform.context import Context
from local_platform.services.queries.errors import QueryProblem
from local_platform.services.queries.state import PREFIX, Queries, stamp

Json = dict[str, Any]
SCHEDULES = "queries.schedules"
_EARLIEST, _LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_STATES = {"enable": "ENABLED", "disable": "DISABLED"}
_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_RUN_STATES = {"SUBMITTED": "IN_PROGRESS", "IN_PROGRESS": "IN_PROGRESS", "SUCCESS": "SUCCESS"}


class QuerySchedules:
    """Schedules of one sandbox."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._documents = context.documents
        self._queries = Queries(context)

    def all(self) -> list[Json]:
        """All schedules, oldest first."""
        return [document.body for document in self._documents.all(SCHEDULES)]

    def get(self, id: str) -> Json:
        """One schedule.

        Raises:
            QueryProblem: 404.
        """
        found = self._documents.get(SCHEDULES, id)
        if found is None:
            raise QueryProblem(404, f"There is no schedule {id!r}.")
        return found.body

    def create(self, body: Json) -> Json:
        """Store a schedule, enabled at once.

        Raises:
            QueryProblem: 400.
        """
        query, schedule = body.get("query"), body.get("schedule")
        if not isinstance(query, dict) or not isinstance(schedule, dict):
            raise QueryProblem(400, "The body must hold a query and a schedule.")
        cron = str(schedule.get("schedule", ""))
        if cron != "@once":
            parse_cron(cron)
        now = stamp(self._context.clock.now())
        user = self._context.credentials.technical_account
        made = {"id": str(uuid.uuid4()), "query": query, "schedule": {"maxActiveRuns": 1, **schedule},
                "state": "ENABLED", "version": 1, "created": now, "updated": now, "userId": user,
                "updatedUserId": user}  # fmt: skip
        self._documents.put(SCHEDULES, str(made["id"]), made)
        if cron == "@once":
            self.run(str(made["id"]), self._context.clock.now())
        return made

    def change(self, id: str, operations: Any) -> None:
        """Enable or disable, or run at other times: the two paths that the guide has.

        Raises:
            QueryProblem: 400 for another change, or when it is in that state already.
        """
        stored = self.get(id)
        steps = operations if isinstance(operations, list) and operations else [None]
        for step in steps:
            path, value = (step.get("path"), step.get("value")) if isinstance(step, dict) else (None, None)
            if path == "/state" and value in _STATES:
                if stored["state"] == _STATES[value]:
                    raise QueryProblem(400, f"Schedule {id} is {stored['state']} already.")
                stored = {**stored, "state": _STATES[value]}
            elif path == "/schedule/schedule" and isinstance(value, str):
                parse_cron(value)
                stored = {**stored, "schedule": {**stored["schedule"], "schedule": value}}
            else:
                raise QueryProblem(
                    400,
                    'body must be [{"op": "replace", "path": "/state", "value": "enable" | "disable"}] or have the '
                    "path /schedule/schedule and a cron expression.",
                )
        self._documents.put(SCHEDULES, id, {**stored, "updated": stamp(self._context.clock.now())})

    def delete(self, id: str) -> None:
        """Remove a schedule.

        Raises:
            QueryProblem: 404, or 400 while it is enabled.
        """
        if self.get(id)["state"] != "DISABLED":
            raise QueryProblem(400, "Please disable the schedule before requesting delete operation.")
        self._documents.delete(SCHEDULES, id)

    def trigger(self, id: str) -> None:
        """Run now.

        Raises:
            QueryProblem: 404, or 400 while it is disabled.
        """
        if self.get(id)["state"] == "DISABLED":
            raise QueryProblem(400, f"Schedule {id} is disabled and cannot be run; enable it first.")
        self.run(id, self._context.clock.now())

    def shown(self, schedule: Json) -> Json:
        """A schedule as the service returns it, with its links."""
        href = f"{self._context.api_url}{PREFIX}/schedules/{schedule['id']}"
        links: Json = {name: {"href": href, "method": "PATCH", "body": f'{{ "op": "{name}" }}'} for name in _STATES}
        links |= {
            "self": {"href": href, "method": "GET"},
            "delete": {"href": href, "method": "DELETE"},
            "runs": {"href": f"{href}/runs", "method": "GET"},
            "trigger": {"href": f"{href}/runs", "method": "POST"},
        }
        return {**schedule, "_links": links}

    def run(self, id: str, at: datetime) -> Json:
        """Submit the schedule's query for a time; the same time twice is the same query."""
        run_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"query-run/{id}/{at.isoformat()}"))
        for query in self._queries.all():
            if query["id"] == run_id:
                return query
        return self._queries.submit(self.get(id)["query"], schedule_id=id, id=run_id)

    def runs(self, id: str) -> list[Json]:
        """Runs of a schedule, newest first."""
        self.get(id)
        found = [query for query in self._queries.all() if query.get("scheduleId") == id]
        return [self._run(id, query) for query in reversed(found)]

    def due(self, after: datetime, until: datetime) -> list[tuple[datetime, str]]:
        """Times in (after, until] and the schedules that run then."""
        found: list[tuple[datetime, str]] = []
        for item in self.all():
            cron = item["schedule"]["schedule"]
            if item["state"] == "ENABLED" and cron != "@once":
                start = max(after, _time(item["schedule"].get("startDate")), _time(item["created"]))
                end = min(until, _time(item["schedule"].get("endDate"), _LATEST))
                found.extend((at, item["id"]) for at in cron_times(cron, start, end))
        return found

    def _run(self, id: str, query: Json) -> Json:
        href = f"{self._context.api_url}{PREFIX}/schedules/{id}/runs/{query['id']}"
        return {
            "id": query["id"],
            "state": _RUN_STATES.get(query["state"], "FAILED"),
            "externalTrigger": False,
            "created": query["created"],
            "_links": {"self": {"href": href, "method": "GET"}},
        }


def _time(text: Any, default: datetime = _EARLIEST) -> datetime:
    if not text:
        return default
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except ValueError:
        raise QueryProblem(400, f"{text!r} is no ISO-8601 time such as 2024-06-10T00:00:00Z.") from None


def parse_cron(expression: str) -> list[set[int]]:
    """The allowed minutes, hours, days, months and weekdays (0 is Sunday).

    Raises:
        QueryProblem: not a five-field cron expression.
    """
    fields = expression.split()
    if len(fields) != 5:
        raise QueryProblem(400, f"schedule is {expression!r}; expected five fields such as '30 * * * *', or '@once'.")
    return [_values(text, low, high, expression) for text, (low, high) in zip(fields, _FIELDS, strict=True)]


def _values(text: str, low: int, high: int, expression: str) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        try:
            start, end = (low, high) if span in ("*", "?") else (int(first), int(last or first))
            if step and not last and span not in ("*", "?"):
                end = high
            if not low <= start <= end <= high:
                raise ValueError(text)
            found.update(range(start, end + 1, int(step or 1)))
        except ValueError:
            raise QueryProblem(400, f"The field {text!r} of {expression!r} is not a list of {low} to {high}.") from None
    return {0 if value == 7 and high == 7 else value for value in found}


def cron_times(expression: str, after: datetime, until: datetime) -> list[datetime]:
    """Whole minutes in (after, until] that the expression names."""
    minutes, hours, days, months, weekdays = parse_cron(expression)
    found: list[datetime] = []
    day = after.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    while day <= until:
        if day.day in days and day.month in months and day.isoweekday() % 7 in weekdays:
            found.extend(
                at
                for hour in sorted(hours)
                for minute in sorted(minutes)
                if after < (at := day.replace(hour=hour, minute=minute)) <= until
            )
        day += timedelta(days=1)
    return found
