"""Queries submitted over REST: recorded, run one after another in the background, never returning rows."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from local_platform.context import Context
from local_platform.lake import DatasetNotFound
from local_platform.services.queries.errors import QueryProblem

Json = dict[str, Any]
QUERIES, TEMPLATES = "queries.queries", "queries.templates"
OPEN = frozenset({"SUBMITTED", "IN_PROGRESS"})
# A batch statement takes a minute or two to start.
START_SECONDS = 60.0
PREFIX = "/data/foundation/query"
_CTAS = re.compile(r"^\s*create\s+(temp\s+|temporary\s+)?table\s+(if\s+not\s+exists\s+)?([^\s(]+)", re.IGNORECASE)
_INSERT = re.compile(r"^\s*insert\s+into\s+", re.IGNORECASE)
# Quoted text and comments come first, so that a hash inside them is passed over.
_INLINE = re.compile(r"'(?:[^'\\]|\\.|'')*'|\"[^\"]*\"|`[^`]*`|--[^\n]*|/\*.*?\*/|#(\w+)", re.DOTALL)
_PARAMETER = re.compile(r"\$(\w+)")


class Queries:
    """Queries of one sandbox."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._documents = context.documents

    def all(self, *, deleted: bool = False) -> list[Json]:
        """All queries, oldest first.

        Args:
            deleted: with those softly deleted.
        """
        return [item.body for item in self._documents.all(QUERIES) if deleted or not item.body.get("_deleted")]

    def get(self, id: str) -> Json:
        """One query.

        Raises:
            QueryProblem: 404.
        """
        found = self._documents.get(QUERIES, id)
        if found is None:
            raise QueryProblem(404, f"There is no query {id!r}.")
        return found.body

    def submit(self, body: Json, *, schedule_id: str | None = None, id: str | None = None) -> Json:
        """Record a query and run it soon.

        Raises:
            QueryProblem: 400 for a body that names no statement or another database.
        """
        template, sql = self._statement(body)
        parameters = {**_parameters(template or {}), **_parameters(body)}
        sql = with_templates(substituted(sql, parameters), self._named_templates())
        effective = _effective(sql, body)
        now = stamp(self._context.clock.now())
        query: Json = {
            "id": id or str(uuid.uuid4()),
            "request": body,
            "effectiveSQL": effective,
            "isCTAS": _CTAS.match(effective) is not None,
            "isInsertInto": _INSERT.match(effective) is not None,
            "state": "SUBMITTED",
            "created": now,
            "updated": now,
            "elapsedTime": 0,
            "rowCount": 0,
            "errors": [],
            "client": "API",
            "userId": self._context.credentials.technical_account,
            "version": 1,
        }
        if template:
            query["templateId"], query["templateName"] = template["id"], template["name"]
        if schedule_id:
            query["scheduleId"] = schedule_id
        self._documents.put(QUERIES, query["id"], query)
        self._start(query["id"])
        return query

    def cancel(self, id: str) -> None:
        """Stop a query that has not finished.

        Raises:
            QueryProblem: 404, or 409 when it has finished.
        """
        if self.get(id)["state"] not in OPEN:
            raise QueryProblem(409, f"Query {id} is {self.get(id)['state']} and cannot be cancelled.")
        self._change(id, {"state": "KILLED"})

    def hide(self, id: str) -> None:
        """Soft delete: the query is no longer listed.

        Raises:
            QueryProblem: 404.
        """
        self.get(id)
        self._change(id, {"_deleted": True})

    def resume(self) -> None:
        """After a restart: what had not begun is run, what had begun may have been done and is reported as failed."""
        for query in self.all():
            if query["state"] == "SUBMITTED":
                self._start(query["id"])
            elif query["state"] == "IN_PROGRESS":
                message = "The service was restarted while the statement ran. Check its dataset before repeating it."
                self._change(query["id"], {"state": "FAILED", "errors": [_error("58000", message, "SYSTEM_ERROR")]})

    def _statement(self, body: Json) -> tuple[Json | None, str]:
        wanted = f"{self._context.options.sandbox}:all"
        database = body.get("dbName")
        if not isinstance(database, str) or database.partition(":")[0] != wanted.partition(":")[0]:
            raise QueryProblem(400, f"dbName is {database!r}; expected {wanted!r}.")
        sql, template_id = body.get("sql"), body.get("templateId")
        if (sql is None) == (template_id is None):
            raise QueryProblem(400, "Exactly one of sql and templateId is needed.")
        if template_id is not None:
            template = self._documents.get(TEMPLATES, str(template_id))
            if template is None:
                raise QueryProblem(400, f"There is no query template {template_id!r}.")
            return template.body, str(template.body["sql"])
        if not isinstance(sql, str) or not sql.strip():
            raise QueryProblem(400, "sql is empty.")
        return None, sql

    def _named_templates(self) -> dict[str, str]:
        return {str(item.body.get("name")): str(item.body.get("sql", "")) for item in self._documents.all(TEMPLATES)}

    def _start(self, id: str) -> None:
        self._context.jobs.submit(f"query {id}", lambda: self._run(id), after_seconds=START_SECONDS)

    def _run(self, id: str) -> None:
        query = self.get(id)
        if query["state"] != "SUBMITTED":
            return
        started = self._context.clock.now()
        self._change(id, {"state": "IN_PROGRESS"})
        try:
            outcome = self._execute(query)
        except Exception as fault:
            changes: Json = {"state": "FAILED", "errors": [_failure(fault)]}
        else:
            changes = {"state": "SUCCESS", "rowCount": outcome, **self._created(query)}
        changes["elapsedTime"] = int((self._context.clock.now() - started).total_seconds() * 1000)
        if self.get(id)["state"] == "IN_PROGRESS":
            self._change(id, changes)

    def _execute(self, query: Json) -> int:
        """Run the statement as the client's principal; returns the rows it wrote or found."""
        context = self._context
        principal = context.tokens.check(context.tokens.issue(context.options.scopes))
        outcome = context.query_service.run(query["effectiveSQL"], query["request"]["dbName"], principal)
        return int(outcome.row_count or 0)

    def _created(self, query: Json) -> Json:
        match = _CTAS.match(query["effectiveSQL"])
        if match is None:
            return {}
        try:
            dataset = self._context.lake.dataset_by_table(match.group(3).strip('"`').rpartition(".")[2])
        except DatasetNotFound:
            return {}
        href = f"{self._context.api_url}/data/foundation/catalog/dataSets/{dataset.id}"
        return {"_created_dataset": {"id": dataset.id, "href": href}}

    def _change(self, id: str, changes: Mapping[str, Any]) -> None:
        now = stamp(self._context.clock.now())
        self._documents.update(QUERIES, id, lambda body: {**body, **changes, "updated": now})

    def shown(self, query: Json) -> Json:
        """A query as the service returns it, with its links."""
        base = f"{self._context.api_url}{PREFIX}/queries/{query['id']}"
        links: Json = {
            "self": {"href": base, "method": "GET"},
            "soft_delete": {"href": base, "method": "PATCH", "body": '{ "op": "soft_delete"}'},
            "cancel": {"href": base, "method": "PATCH", "body": '{ "op": "cancel"}'},
            "referenced_datasets": [],
        }
        if "_created_dataset" in query:
            links["created_dataset"] = query["_created_dataset"]
        return {**{key: value for key, value in query.items() if not key.startswith("_")}, "_links": links}


def substituted(sql: str, parameters: Mapping[str, Any]) -> str:
    """Parameters put into the text as they are: the service checks no types and quotes nothing."""
    return _PARAMETER.sub(lambda match: str(parameters.get(match.group(1), match.group())), sql)


def _parameters(body: Json) -> Json:
    """The parameters of a request or the defaults of a template, whose names may be written with their dollar."""
    return {str(name).removeprefix("$"): value for name, value in (body.get("queryParameters") or {}).items()}


def with_templates(sql: str, templates: Mapping[str, str], within: tuple[str, ...] = ()) -> str:
    """Every `#NAME` outside quotes and comments replaced by the template of that name, and so on inside it.

    A template brought in this way keeps its own parameters unreplaced: only the outermost text may have any.

    Raises:
        QueryProblem: 400 for a template that leads back to itself.
    """

    def replaced(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in templates:
            return match.group()
        if name in within:
            raise QueryProblem(400, f"The inline template {name} leads back to itself.")
        return with_templates(templates[name].strip().rstrip(";"), templates, (*within, name))

    return _INLINE.sub(replaced, sql)


def _effective(sql: str, body: Json) -> str:
    text = sql.strip().rstrip(";")
    ctas, insert = body.get("ctasParameters"), body.get("insertIntoParameters")
    if ctas and insert:
        raise QueryProblem(400, "ctasParameters and insertIntoParameters exclude each other.")
    if ctas:
        return f"CREATE TABLE {_name(ctas, 'ctasParameters')} AS {text}"
    if insert:
        return f"INSERT INTO {_name(insert, 'insertIntoParameters')} {text}"
    return text


def _name(parameters: Any, where: str) -> str:
    name = parameters.get("datasetName") if isinstance(parameters, dict) else None
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise QueryProblem(
            400, f"{where}.datasetName is {name!r}; expected a table name of letters, digits, underscores."
        )
    return name


def _failure(fault: Exception) -> Json:
    code = str(getattr(fault, "sqlstate", "") or "58000")
    message = str(getattr(fault, "message", "") or fault)
    # Classes 53, 57 and 58 are the service's own trouble, but for an analysis error, which says whose it is; everything
    # else is the statement's.
    own = code[:2] in ("53", "57", "58") and code != "53400" and "errorType: USER_ERROR" not in message
    return _error(code, message, "SYSTEM_ERROR" if own else "USER_ERROR")


def _error(code: str, message: str, kind: str) -> Json:
    return {"code": code, "message": message, "errorType": kind}


def stamp(at: datetime) -> str:
    """ISO-8601 with milliseconds and Z, the form of all times of this service."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
