"""One statement of a session: read it, run it, give its result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from local_platform.query_service.catalog.parameters import PARAMETERS
from local_platform.query_service.catalog.show import show
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.engine import audiences, commands, define, fieldgroups, groups, statistics, write
from local_platform.query_service.engine.block import run_block
from local_platform.query_service.engine.copy import copy
from local_platform.query_service.engine.results import Result, texts_result
from local_platform.query_service.engine.select import select
from local_platform.query_service.engine.session import SETTINGS, Session
from local_platform.query_service.errors import QueryError, not_supported, syntax_error
from local_platform.query_service.sql import statements as s
from local_platform.query_service.sql.parse import parse_statement

# What drivers set on their own, and the values that change nothing: None takes any. The page is silent about them.
_DRIVER_SETTINGS: dict[str, tuple[str, ...] | None] = {
    "client_encoding": ("utf8", "utf-8", "unicode"),
    "datestyle": ("iso", "iso, mdy"),
    "timezone": ("utc", "gmt", "etc/utc", "0", "+00:00"),
    "extra_float_digits": None,
    "application_name": None,
}


def execute(session: Session, sql: str, parameters: Sequence[Value] | None = None) -> Result:
    """Run one statement.

    Raises:
        QueryError: 25P02 in a failed transaction; whatever the statement itself is refused with.
    """
    statement = parse_statement(sql)
    if session.failed and not (isinstance(statement, s.Transaction) and not statement.begins):
        raise QueryError("25P02", "The transaction has failed; statements are ignored until ROLLBACK.")
    try:
        return run(session, statement, sql, parameters)
    except QueryError:
        session.failed = session.in_transaction
        raise
    except RecursionError:
        session.failed = session.in_transaction
        raise syntax_error("The statement has too many operators in a row; divide it into smaller parts.") from None


def run(session: Session, statement: s.Statement, sql: str, parameters: Sequence[Value] | None = None) -> Result:
    """Run a statement that was read already."""
    session.cancelled.clear()
    if isinstance(statement, s.Select):
        return select(session, statement.sql, parameters)
    if isinstance(statement, s.Declare):
        return commands.declare(session, statement, parameters)
    if isinstance(statement, s.Insert):
        return write.insert(session, statement, sql, parameters)
    if isinstance(statement, s.CreateTableAs):
        return write.create_table_as(session, statement, sql, parameters)
    with_text = _WITH_TEXT.get(type(statement))
    if with_text is not None:
        return with_text(session, statement, sql)
    return _HANDLERS[type(statement)](session, statement)


def _transaction(session: Session, statement: s.Transaction) -> Result:
    """Accepted without effect on data: nothing written is ever undone."""
    notices = []
    failed = session.failed
    if statement.begins:
        if session.in_transaction:
            notices.append("there is already a transaction in progress")
        session.in_transaction = True
    else:
        if not session.in_transaction:
            notices.append("there is no transaction in progress")
        session.in_transaction = False
        session.failed = False
    tag = "ROLLBACK" if statement.action == "COMMIT" and failed else statement.action
    return Result(tag, notices=notices)


def _set(session: Session, statement: s.Set) -> Result:
    key = statement.key.lower()
    if not key:
        return texts_result(["key", "value"], sorted(session.settings.items()), "SET")
    if statement.value is None:
        value = session.settings.get(key) or PARAMETERS.get(key)
        if value is None:
            raise _unknown_setting(statement.key)
        return texts_result([key], [(value,)], "SET")
    if key in SETTINGS:
        value = statement.value.strip().lower()
        if value not in ("true", "false"):
            raise syntax_error(f"{statement.key} is true or false, not {statement.value!r}.")
        session.settings[key] = value
        return Result("SET")
    if key in _DRIVER_SETTINGS:
        same = _DRIVER_SETTINGS[key]
        if same is not None and statement.value.strip().lower() not in same:
            raise not_supported(
                f"{statement.key} = {statement.value}", f"results come with {statement.key} = {PARAMETERS[key]}."
            )
        return Result("SET")
    raise _unknown_setting(statement.key)


def _unknown_setting(key: str) -> QueryError:
    return syntax_error(f"Unknown setting {key!r}; known are {', '.join(sorted(SETTINGS))}.")


_WITH_TEXT: dict[type, Callable[[Session, Any, str], Result]] = {
    s.CreateAudience: audiences.create,
    s.Analyze: statistics.analyze,
    s.Copy: copy,
}
_HANDLERS: dict[type, Callable[[Session, Any], Result]] = {
    s.CreateTable: write.create_table,
    s.CreateContainer: groups.create,
    s.CreateNamespace: define.create_namespace,
    s.CreateFieldGroup: fieldgroups.create,
    s.DataGroup: groups.alter,
    s.CreateView: define.create_view,
    s.Drop: define.drop,
    s.AddColumns: define.add_columns,
    s.Label: define.label,
    s.Constraint: define.constraint,
    s.Show: show,
    s.Set: _set,
    s.Transaction: _transaction,
    s.Prepare: commands.prepare,
    s.Execute: commands.execute_prepared,
    s.Deallocate: commands.deallocate,
    s.Fetch: commands.fetch,
    s.Close: commands.close,
    s.Explain: commands.explain,
    s.Block: run_block,
}
