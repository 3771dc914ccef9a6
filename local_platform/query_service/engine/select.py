"""SELECT: compile, cap, stream."""

from __future__ import annotations

from collections.abc import Sequence

from local_platform.query_service.catalog import client
from local_platform.query_service.compiler.limits import limit_number, offset_number
from local_platform.query_service.compiler.query import Compiler
from local_platform.query_service.compiler.scope import Query, Statement, Value
from local_platform.query_service.engine.output import for_client
from local_platform.query_service.engine.results import Result
from local_platform.query_service.engine.run import Running
from local_platform.query_service.engine.session import Session
from local_platform.query_service.engine.tables import LakeCatalog
from local_platform.query_service.errors import limit_exceeded
from local_platform.query_service.sql.dialect import parse_query
from local_platform.query_service.sql.lexer import tokenize


def compile_select(
    session: Session, sql: str, parameters: Sequence[Value] | None = None, *, capped: bool
) -> tuple[Query, LakeCatalog]:
    """The compiled query and what it refers to.

    Args:
        capped: whether rows go to a client: then the row cap holds and LIMIT 0 means all rows.

    Raises:
        QueryError
    """
    catalog = session.catalog()
    sql, catalog.approximate = without_approximate(sql)
    statement = Statement(
        catalog=catalog,
        now=session.engine.clock.now(),
        database=session.database,
        user=session.owner,
        parameters=parameters,
    )
    query, limit, offset = Compiler(statement).top(parse_query(sql))
    number = None if limit is None else limit_number(limit)
    if capped:
        options = session.engine.options
        if number is not None and number > options.largest_limit:
            raise limit_exceeded(
                f"LIMIT exceeds max value: {number} is more than {options.largest_limit}. LIMIT 0 returns all rows."
            )
        # LIMIT 0 lifts the cap; a LIMIT of its own replaces it.
        number = options.row_cap if number is None else (number or None)
    sql_text = query.sql
    if number is not None:
        sql_text += f" LIMIT {number}"
    if offset is not None:
        sql_text += f" OFFSET {offset_number(offset)}"
    return Query(sql_text, query.columns), catalog


def select(session: Session, sql: str, parameters: Sequence[Value] | None = None) -> Result:
    """Rows of a query for a client.

    Raises:
        QueryError
    """
    answered = client.answer(session, sql, parameters)
    if answered is not None:
        return answered
    query, catalog = compile_select(session, sql, parameters, capped=True)
    final, columns = for_client(query, as_json=session.flag("auto_to_json"))
    running = Running(session, "SELECT", sql, catalog.references, session.engine.options.query_seconds)
    batches = running.batches(final, session.engine.options.batch_rows)
    return Result("SELECT", columns, batches, running.close)


def describe(session: Session, sql: str, parameters: Sequence[Value] | None = None) -> Result:
    """Columns of a query, without running it."""
    answered = client.answer(session, sql, parameters)
    if answered is not None:
        return answered
    query, _ = compile_select(session, sql, parameters, capped=True)
    _, columns = for_client(query, as_json=session.flag("auto_to_json"))
    return Result("SELECT", columns)


def without_approximate(sql: str) -> tuple[str, bool]:
    """The query without WITHAPPROXIMATE at its end, and whether it stood there."""
    tokens = tokenize(sql)
    if tokens and tokens[-1].upper == "WITHAPPROXIMATE":
        return sql[: tokens[-1].start], True
    return sql, False
