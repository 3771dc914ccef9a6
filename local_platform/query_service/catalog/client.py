"""Questions drivers ask when they connect."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from local_platform.query_service.catalog import pgcatalog
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.engine.results import Result, rows_result
from local_platform.query_service.sql.types import STRING

if TYPE_CHECKING:
    from local_platform.query_service.engine.session import Session

_ANSWERS: dict[str, tuple[str, Callable[[Session], str]]] = {
    "version()": ("version", lambda _: pgcatalog.VERSION),
    "pg_catalog.version()": ("version", lambda _: pgcatalog.VERSION),
    "current_schema()": ("current_schema", lambda _: "public"),
    "current_schema": ("current_schema", lambda _: "public"),
    "pg_catalog.current_schema()": ("current_schema", lambda _: "public"),
    "current_user": ("current_user", lambda session: session.owner),
    "current_catalog": ("current_catalog", lambda session: session.database),
}
_QUESTION = re.compile(r"\s*select\s+([a-z_.]+(?:\(\s*\))?)\s*;?\s*", re.IGNORECASE)


def answer(session: Session, sql: str, values: Sequence[Value] | None = None) -> Result | None:
    """The answer to a driver's question; None when the statement is something else.

    Args:
        values: of the parameters $1, $2, ...
    """
    match = _QUESTION.fullmatch(sql)
    found = _ANSWERS.get(re.sub(r"\s", "", match[1]).lower()) if match is not None else None
    if found is None:
        return pgcatalog.answer(session, sql, values or ())
    name, value = found
    return rows_result([(name, STRING)], [(value(session),)])
