"""The columns a statement will give, before it runs: what a driver asks when it has prepared one."""

from __future__ import annotations

from collections.abc import Sequence

from local_platform.query_service.catalog.show import show
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.engine.commands import values_of
from local_platform.query_service.engine.execute import run
from local_platform.query_service.engine.select import describe
from local_platform.query_service.engine.session import Session
from local_platform.query_service.errors import QueryError
from local_platform.query_service.sql import statements as s
from local_platform.query_service.sql.parse import parse_statement
from local_platform.query_service.sql.types import STRING, Type

Columns = list[tuple[str, Type]]


def columns_before(session: Session, sql: str, values: Sequence[Value]) -> Columns | None:
    """Names and types; None for a statement without rows, and for a block, whose rows are known when it has run.

    Args:
        values: one for each parameter, of its type.

    Raises:
        QueryError: what running the statement would be refused with, as far as it shows in its text.
    """
    statement = parse_statement(sql)
    if isinstance(statement, s.Select):
        return describe(session, sql, values).columns
    if isinstance(statement, s.Show):
        return show(session, statement).columns
    if isinstance(statement, s.Set):
        return run(session, statement, sql).columns if statement.value is None else None
    if isinstance(statement, s.Execute):
        return _of_prepared(session, statement)
    if isinstance(statement, s.Fetch):
        return _of_cursor(session, statement)
    return _FIXED.get(_kind(statement))


def _kind(statement: s.Statement) -> str:
    if isinstance(statement, s.Analyze):
        return "statistics" if statement.rate is None else "sample"
    return {s.Explain: "plan", s.CreateTable: "table", s.CreateFieldGroup: "fieldgroup"}.get(type(statement), "")


_FIXED: dict[str, Columns] = {
    "plan": [("QUERY PLAN", STRING)],
    "table": [("Created Table DataSet Id", STRING)],
    "fieldgroup": [("Created FieldGroup Id", STRING)],
    "statistics": [("Statistics ID", STRING)],
    "sample": [("Sample Table Name", STRING)],
}


def _of_prepared(session: Session, statement: s.Execute) -> Columns | None:
    kept = session.prepared.get(statement.name)
    if kept is None:
        raise QueryError("26000", f"Prepared statement {statement.name} does not exist.")
    return describe(session, kept.query, values_of(session, statement.arguments)).columns


def _of_cursor(session: Session, statement: s.Fetch) -> Columns | None:
    cursor = session.cursors.get(statement.name)
    if cursor is None:
        raise QueryError("34000", f"Cursor {statement.name} does not exist; DECLARE it first.")
    return cursor.result.columns
