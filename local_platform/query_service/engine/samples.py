"""Dataset samples and computed statistics."""

from __future__ import annotations

import random
import string

from sqlglot import exp

from local_platform.lake import Dataset
from local_platform.query_service.compiler.access import field
from local_platform.query_service.compiler.casts import literal_text
from local_platform.query_service.compiler.query import Compiler
from local_platform.query_service.compiler.scope import Column, Query, Relation, Scope, Statement, Value
from local_platform.query_service.engine.results import Result, texts_result
from local_platform.query_service.engine.run import Running
from local_platform.query_service.engine.samplemeta import SAMPLE_TAG
from local_platform.query_service.engine.session import Session
from local_platform.query_service.engine.tables import LakeCatalog, TempTable
from local_platform.query_service.engine.write import keep, schema_of, written
from local_platform.query_service.errors import analysis_error, not_allowed, not_supported, syntax_error
from local_platform.query_service.sql.dialect import parse_query
from local_platform.query_service.sql.statements import Analyze
from local_platform.query_service.sql.types import BIGINT, DOUBLE, STRING, Type

MOST = 5
_STATISTICS: list[tuple[str, Type]] = [
    ("columnName", STRING),
    ("mean", DOUBLE),
    ("max", STRING),
    ("min", STRING),
    ("standardDeviation", DOUBLE),
    ("approxDistinctCount", BIGINT),
    ("nullCount", BIGINT),
    ("dataType", STRING),
]


def analyze(session: Session, statement: Analyze, text: str) -> Result:
    """ANALYZE TABLE ... COMPUTE STATISTICS or ... TABLESAMPLE SAMPLERATE."""
    if statement.rate is not None:
        return _sample(session, statement, text)
    return _statistics(session, statement, text)


def _source(session: Session, statement: Analyze) -> tuple[LakeCatalog, Query, Scope, str]:
    """The table's query, a scope with its columns, and the filter's SQL."""
    catalog = session.catalog()
    scan = catalog.table(statement.name, None)
    base = Statement(catalog=catalog, now=session.engine.clock.now(), database=session.database)
    columns = [Column(name, type, f"t.c{place}") for place, (name, type) in enumerate(scan.columns)]
    scope = Scope(relations=[Relation(statement.name[-1], columns)])
    condition = ""
    if statement.condition:
        where = parse_query(f"SELECT 1 WHERE {statement.condition}").args["where"].this
        condition = f" WHERE {Compiler(base).expressions(scope).condition(where)}"
    return catalog, Query(scan.sql, list(scan.columns)), scope, condition


def _sample(session: Session, statement: Analyze, text: str) -> Result:
    if not session.flag("aqp"):
        raise not_supported("TABLESAMPLE", "samples are switched off.", instead="SET aqp=true first.")
    dataset = session.catalog().dataset(session.name_of(statement.name))
    if dataset.created_by == "system":
        raise not_supported("A sample of a system dataset", f"{dataset.table_name} belongs to the platform.")
    if len(of(session, dataset)) >= MOST:
        raise analysis_error(f"Table {dataset.table_name} has {MOST} samples, the most there may be; drop one.")
    rate = _rate(statement.rate or "")
    catalog, source, _, condition = _source(session, statement)
    listed = ", ".join(f"t.c{place}" for place in range(len(source.columns)))
    filtered = f"SELECT {listed} FROM ({source.sql}) AS t{condition}"
    sampled = Query(f"SELECT * FROM ({filtered}) AS s USING SAMPLE {rate} PERCENT (bernoulli)", source.columns)
    suffix = "".join(random.choices(string.ascii_lowercase + string.digits, k=5))  # noqa: S311 - a name, no secret
    name = f"x{dataset.id}_uniform_{str(rate).replace('.', '_')}_percent_{suffix}"
    session.wait_to_start()
    running = Running(session, "ANALYZE", text, catalog.references, session.engine.options.batch_seconds)
    with written(session, running, sampled, list(dataset.schema.names)) as files:
        session.engine.lake.create_table_with_data(
            name,
            dataset.schema,
            files,
            owner=session.owner,
            tags={SAMPLE_TAG: [dataset.id]},
            properties={"queryService": {"rate": rate, "condition": statement.condition, "rows": running.rows}},
        )
    return texts_result(["Sample Table Name"], [(name,)], "ANALYZE")


def _rate(text: str) -> float:
    """The rate as percent: a rate of 0.5 gave 0.5 % of the rows where it was published."""
    try:
        rate = float(text)
    except ValueError:
        raise syntax_error(f"SAMPLERATE takes a number, not {text!r}.") from None
    if not 0 < rate <= 100:
        raise syntax_error(f"SAMPLERATE lies between 0 and 100, not {text}.")
    return rate


def of(session: Session, dataset: Dataset) -> list[Dataset]:
    """Samples of a table, oldest first."""
    return [each for each in session.engine.lake.datasets() if each.tags.get(SAMPLE_TAG) == [dataset.id]]


def drop(session: Session, name: str) -> None:
    """DROP TABLESAMPLE.

    Raises:
        QueryError: 42P01; 0A000 without SET aqp=true; 42501, it is another user's or no sample.
    """
    if not session.flag("aqp"):
        raise not_supported("DROP TABLESAMPLE", "samples are switched off.", instead="SET aqp=true first.")
    dataset = session.catalog().dataset(name)
    if SAMPLE_TAG not in dataset.tags:
        raise not_allowed(f"{name} is no sample; drop it with DROP TABLE.")
    if dataset.owner != session.owner:
        raise not_allowed(f"Sample {name} was not created by the authenticated user.")
    session.engine.lake.delete_dataset(dataset.id)


def _statistics(session: Session, statement: Analyze, text: str) -> Result:
    """Statistics of every leaf as a temporary table; arrays and maps are skipped silently unless told not to be."""
    catalog, source, scope, condition = _source(session, statement)
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
    columns = ",".join(statement.columns) if statement.columns else ""
    session.statistics.append((name, statement.name[-1], columns, statement.condition, now))
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
    number = value.type.is_numeric
    mean, spread = (f"avg({value.sql})", f"stddev_samp({value.sql})") if number else ("NULL", "NULL")
    return (
        f"SELECT {literal_text(name)} AS c0, CAST({mean} AS DOUBLE) AS c1, CAST(max({value.sql}) AS VARCHAR) AS c2, "
        f"CAST(min({value.sql}) AS VARCHAR) AS c3, CAST({spread} AS DOUBLE) AS c4, "
        f"CAST(count(DISTINCT {value.sql}) AS BIGINT) AS c5, CAST(count(*) - count({value.sql}) AS BIGINT) AS c6, "
        f"{literal_text(value.type.spark)} AS c7 FROM ({source.sql}) AS t{condition}"
    )
