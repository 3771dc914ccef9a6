"""The columns a statement will give, before it runs: what a driver asks when it has prepared one."""

from __future__ import annotations

from collections.abc import Sequence

from local_platform.query_service.catalog.show import show
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.engine.commands import opened, prepared
from local_platform.query_service.engine.execute import run
from local_platform.query_service.engine.select import describe
from local_platform.query_service.engine.session import Session
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
        kept, given = prepared(session, statement)
        return describe(session, kept.query, given).columns
    if isinstance(statement, s.Fetch):
        return opened(session, statement).result.columns
    if isinstance(statement, s.Analyze):
        return [("Statistics ID" if statement.rate is None else "Sample Table Name", STRING)]
    return _FIXED.get(type(statement))


_FIXED: dict[type, Columns] = {
    s.Explain: [("QUERY PLAN", STRING)],
    s.CreateTable: [("Created Table DataSet Id", STRING)],
    s.CreateFieldGroup: [("Created FieldGroup Id", STRING)],
}
