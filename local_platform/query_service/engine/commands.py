"""Session commands: prepared statements, cursors, EXPLAIN."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pyarrow as pa
from sqlglot import exp
from sqlglot.errors import SqlglotError

from local_platform.query_service.compiler.casts import cast
from local_platform.query_service.compiler.expressions import Expressions
from local_platform.query_service.compiler.scope import Query, Scope, Statement, Value
from local_platform.query_service.compiler.typenames import type_of
from local_platform.query_service.engine.results import Result, texts_result
from local_platform.query_service.engine.select import compile_select, select
from local_platform.query_service.engine.session import Cursor, Session
from local_platform.query_service.errors import QueryError, not_supported, syntax_error
from local_platform.query_service.sql import statements as s
from local_platform.query_service.sql.dialect import parse_query
from local_platform.query_service.sql.lexer import parameter_count
from local_platform.query_service.sql.parse import parse_statement
from local_platform.query_service.sql.types import STRING, VOID, Type


def prepare(session: Session, statement: s.Prepare) -> Result:
    """Keep a query under a name.

    Raises:
        QueryError: 42P05 the name is taken, 42601 a data type that there is not.
    """
    if statement.name in session.prepared:
        raise QueryError("42P05", f"Prepared statement {statement.name} already exists; DEALLOCATE it first.")
    for declared in statement.types:
        _declared(declared)
    session.prepared[statement.name] = statement
    return Result("PREPARE")


def execute_prepared(session: Session, statement: s.Execute) -> Result:
    """Run a prepared query with values."""
    kept, values = prepared(session, statement)
    return select(session, kept.query, values)


def prepared(session: Session, statement: s.Execute) -> tuple[s.Prepare, list[Value]]:
    """A prepared query and the values for it.

    Raises:
        QueryError: 26000 no such statement, 08P01 too many values, 42804 a value that the declared type cannot hold.
    """
    kept = session.prepared.get(statement.name)
    if kept is None:
        raise QueryError("26000", f"Prepared statement {statement.name} does not exist.")
    values = values_of(session, statement.arguments)
    wanted = max(parameter_count(kept.query), len(kept.types))
    if len(values) > wanted:
        raise QueryError(
            "08P01", f"Prepared statement {statement.name} takes {wanted} values, {len(values)} were given."
        )
    typed = [_typed(session, value, text) for value, text in zip(values, kept.types, strict=False)]
    return kept, [*typed, *values[len(typed) :]]


def _declared(text: str) -> Type:
    try:
        return type_of(exp.DataType.build(text, dialect="spark"))
    except SqlglotError:
        raise syntax_error(f"There is no data type {text!r}.") from None


def _typed(session: Session, value: Value, declared: str) -> Value:
    """A value in the type that PREPARE declared for it."""
    wanted = _declared(declared)
    fits = value.type in (wanted, VOID) or (value.type.is_numeric and wanted.is_numeric) or wanted == STRING
    if not fits and isinstance(value.literal, str):
        # A text is fitted as PostgreSQL fits it: it must read as the type.
        connection = session.connection()
        try:
            fits = connection.execute(f"SELECT {cast(value, wanted).sql} IS NOT NULL").fetchone() == (True,)
        finally:
            session.release(connection)
    if not fits:
        raise QueryError("42804", f"The value {value.sql} is not compatible with the type {declared} of its parameter.")
    return cast(value, wanted)


def values_of(session: Session, text: str) -> list[Value]:
    """Compiled values of a comma-separated list of expressions."""
    if not text.strip():
        return []
    row = parse_query(f"SELECT {text}").expressions
    base = Statement(catalog=session.catalog(), now=session.engine.clock.now(), database=session.database)

    def no_query(*_: object) -> Query:
        raise not_supported("A sub-query as a parameter", "parameters are values.")

    return Expressions(base, Scope(), no_query).values(row)


def deallocate(session: Session, statement: s.Deallocate) -> Result:
    if statement.name is None:
        session.prepared.clear()
        return Result("DEALLOCATE ALL")
    if session.prepared.pop(statement.name, None) is None:
        raise QueryError("26000", f"Prepared statement {statement.name} does not exist.")
    return Result("DEALLOCATE")


def declare(session: Session, statement: s.Declare, parameters: Sequence[Value] | None = None) -> Result:
    """Open a cursor; its query starts now and is read piece by piece.

    Args:
        parameters: bound to $1, $2, ... by a driver's own server-side cursor.
    """
    if statement.name in session.cursors:
        raise QueryError("42P03", f"Cursor {statement.name} already exists; CLOSE it first.")
    session.cursors[statement.name] = Cursor(select(session, statement.query, parameters))
    return Result("DECLARE CURSOR")


def opened(session: Session, statement: s.Fetch) -> Cursor:
    """The cursor that is fetched from.

    Raises:
        QueryError: 34000 there is none.
    """
    cursor = session.cursors.get(statement.name)
    if cursor is None:
        raise QueryError("34000", f"Cursor {statement.name} does not exist; DECLARE it first.")
    return cursor


def fetch(session: Session, statement: s.Fetch) -> Result:
    """The next rows of a cursor."""
    cursor = opened(session, statement)
    taken: list[pa.RecordBatch] = []
    missing = statement.count
    while missing > 0:
        batch = cursor.pending.pop() if cursor.pending else next(cursor.result.batches, None)
        if batch is None:
            break
        if batch.num_rows > missing:
            cursor.pending.append(batch.slice(missing))
            batch = batch.slice(0, missing)
        taken.append(batch)
        missing -= batch.num_rows
    return Result("FETCH", cursor.result.columns, iter(taken))


def close(session: Session, statement: s.Close) -> Result:
    names = list(session.cursors) if statement.name is None else [statement.name]
    for name in names:
        cursor = session.cursors.pop(name, None)
        if cursor is None:
            raise QueryError("34000", f"Cursor {name} does not exist.")
        cursor.result.close()
    return Result("CLOSE CURSOR" if statement.name is not None else "CLOSE CURSOR ALL")


def explain(session: Session, statement: s.Explain) -> Result:
    """One text column `QUERY PLAN`; the tables with their dataset ids, then the engine's own plan."""
    inner = parse_statement(statement.statement)
    if isinstance(inner, s.Execute):
        kept, values = prepared(session, inner)
        query, catalog = compile_select(session, kept.query, values, capped=False)
    elif isinstance(inner, s.Select):
        query, catalog = compile_select(session, inner.sql, capped=False)
    else:
        # The page lists INSERT, DECLARE and CREATE TABLE AS and says that their side effects happen as usual: whoever
        # asks for a plan here must not write there. (unconfirmed)
        raise not_supported(
            "EXPLAIN of anything but a query",
            "whether the statement's side effects happen is not clear.",
            instead="Explain its SELECT.",
        )
    lines: list[str] = []
    for name, _ in catalog.references:
        if name in session.temporary:
            lines.append(f"Seq Scan on {name}")
            continue
        dataset = catalog.dataset(name)
        lines.append(f'Seq Scan on {name} (dataSetId = "{dataset.id}", dataSetName = "{dataset.name}")')
    columns = [f"{name}: {type.spark}" for name, type in query.columns]
    lines.append(f"Output [{', '.join(columns)}]")
    if statement.format == "JSON":
        plan = json.dumps([{"Plan": {"Scans": lines[:-1], "Output": columns}}], indent=2)
        return texts_result(["QUERY PLAN"], [(plan,)], "EXPLAIN")
    return texts_result(["QUERY PLAN"], [(line,) for line in lines], "EXPLAIN")
