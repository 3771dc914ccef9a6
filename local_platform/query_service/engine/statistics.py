"""ANALYZE TABLE ... COMPUTE STATISTICS: statistics of every leaf, as a table of the session."""

from __future__ import annotations

from sqlglot import exp

from local_platform.query_service.compiler.access import field
from local_platform.query_service.compiler.casts import literal_text
from local_platform.query_service.compiler.query import Compiler
from local_platform.query_service.compiler.scope import Query, Scope, Statement, Value
from local_platform.query_service.engine import samples
from local_platform.query_service.engine.results import Result, texts_result
from local_platform.query_service.engine.run import Running
from local_platform.query_service.engine.session import Session
from local_platform.query_service.engine.tables import TempTable
from local_platform.query_service.engine.write import keep, schema_of, written
from local_platform.query_service.errors import analysis_error, syntax_error
from local_platform.query_service.sql.dialect import parse_query
from local_platform.query_service.sql.statements import Analyze
from local_platform.query_service.sql.types import BIGINT, DOUBLE, STRING, Type

_STATISTICS: list[tuple[str, Type]] = [
    ("columnName", STRING),
    ("mean", DOUBLE),
    ("max", DOUBLE),
    ("min", DOUBLE),
    ("standardDeviation", DOUBLE),
    ("approxDistinctCount", DOUBLE),
    ("nullCount", BIGINT),
    ("dataType", STRING),
]
# The guide prints String, Double, Boolean and Timestamp: the names of Spark's classes. The others are unconfirmed.
_CLASSES = {"int": "Integer", "bigint": "Long", "smallint": "Short", "tinyint": "Byte"}


def analyze(session: Session, statement: Analyze, text: str) -> Result:
    """ANALYZE TABLE ... COMPUTE STATISTICS or ... TABLESAMPLE SAMPLERATE."""
    if statement.rate is not None:
        return samples.take(session, statement, text)
    return _compute(session, statement, text)


def _compute(session: Session, statement: Analyze, text: str) -> Result:
    """Statistics of every leaf as a temporary table; arrays and maps are skipped silently unless told not to be."""
    catalog, source, scope, condition = samples.source(session, statement)
    leaves = _leaves(session, statement, scope)
    number = len(session.statistics) + 1
    name = (statement.alias or f"{statement.name[-1]}_stats_{number}").lower()
    if name in session.temporary:
        raise analysis_error(f"The statistics table {name} exists already in this session.")
    parts = " UNION ALL ".join(_leaf(column, value, source, condition) for column, value in leaves)
    running = Running(session, "ANALYZE", text, catalog.references, session.engine.options.batch_seconds)
    with written(session, running, Query(parts, list(_STATISTICS)), [column for column, _ in _STATISTICS]) as files:
        schema = schema_of(_STATISTICS)
        session.temporary[name] = TempTable(schema, [keep(session, file) for file in files])
    now = session.engine.clock.now().strftime("%d/%m/%Y %H:%M:%S")
    columns = f"({','.join(statement.columns or ('*',))})"
    condition = f"({statement.condition})" if statement.condition else ""
    session.statistics.append((name, statement.name[-1], columns, condition, now))
    return texts_result(["Statistics ID"], [(name,)], "ANALYZE")


def _leaves(session: Session, statement: Analyze, scope: Scope) -> list[tuple[str, Value]]:
    skipping = session.flag("skip_stats_for_complex_datatypes")
    found: list[tuple[str, Value]] = []
    if statement.columns is None:
        for column in scope.relations[0].columns:
            found.extend(_unfold(column.name, Value(column.sql, column.type)))
    else:
        for spelled in statement.columns:
            node = parse_query(f"SELECT {spelled}").expressions[0]
            if not isinstance(node, exp.Column | exp.Dot):
                raise syntax_error(f"FOR COLUMNS takes column names, not {spelled!r}.")
            base = Statement(catalog=session.catalog(), now=session.engine.clock.now())
            found.extend(_unfold(spelled, Compiler(base).expressions(scope).value(node)))
    kept = [(name, value) for name, value in found if not value.type.is_complex]
    if not skipping and len(kept) < len(found):
        complex_one = next(name for name, value in found if value.type.is_complex)
        raise analysis_error(f"Statistics are not computed for {complex_one}: arrays and maps have none.")
    if not kept:
        raise analysis_error(f"Table {statement.name[-1]} has no column to compute statistics for.")
    return kept


def _unfold(name: str, value: Value) -> list[tuple[str, Value]]:
    if value.type.kind != "struct":
        return [(name, value)]
    return [leaf for part in value.type.fields for leaf in _unfold(f"{name}.{part.name}", field(value, part.name))]


def _leaf(name: str, value: Value, source: Query, condition: str) -> str:
    """One row of the statistics; what has no mean and no extremes has 0.0, as the guide prints it."""
    number = value.type.is_numeric
    measures = [f"{function}({value.sql})" if number else "0" for function in ("avg", "max", "min", "stddev_samp")]
    parts = [
        literal_text(name.lower()),
        *(f"CAST(coalesce({measure}, 0) AS DOUBLE)" for measure in measures),
        f"CAST(count(DISTINCT {value.sql}) AS DOUBLE)",
        f"CAST(count(*) - count({value.sql}) AS BIGINT)",
        literal_text(_CLASSES.get(value.type.kind, value.type.kind.capitalize())),
    ]
    listed = ", ".join(f"{part} AS c{place}" for place, part in enumerate(parts))
    return f"SELECT {listed} FROM ({source.sql}) AS t{condition}"
