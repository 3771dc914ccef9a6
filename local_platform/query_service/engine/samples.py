"""Dataset samples."""

from __future__ import annotations

import random
import string

from local_platform.lake import Dataset
from local_platform.query_service.compiler.query import Compiler
from local_platform.query_service.compiler.scope import Column, Query, Relation, Scope, Statement
from local_platform.query_service.engine.results import Result, texts_result
from local_platform.query_service.engine.run import Running
from local_platform.query_service.engine.samplemeta import SAMPLE_TAG
from local_platform.query_service.engine.session import Session
from local_platform.query_service.engine.tables import LakeCatalog
from local_platform.query_service.engine.write import written
from local_platform.query_service.errors import analysis_error, not_allowed, not_supported, syntax_error
from local_platform.query_service.sql.dialect import parse_query
from local_platform.query_service.sql.statements import Analyze

MOST = 5


def source(session: Session, statement: Analyze) -> tuple[LakeCatalog, Query, Scope, str]:
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


def take(session: Session, statement: Analyze, text: str) -> Result:
    """ANALYZE TABLE ... TABLESAMPLE SAMPLERATE: a stored uniform random sample."""
    if not session.flag("aqp"):
        raise not_supported("TABLESAMPLE", "samples are switched off.", instead="SET aqp=true first.")
    dataset = session.catalog().dataset(session.name_of(statement.name))
    if dataset.created_by == "system":
        raise not_supported("A sample of a system dataset", f"{dataset.table_name} belongs to the platform.")
    if len(of(session, dataset)) >= MOST:
        raise analysis_error(
            f"The sample limit has been reached: table {dataset.table_name} has {MOST} samples; DROP TABLESAMPLE one."
        )
    rate = _rate(statement.rate or "")
    catalog, read, _, condition = source(session, statement)
    listed = ", ".join(f"t.c{place}" for place in range(len(read.columns)))
    filtered = f"SELECT {listed} FROM ({read.sql}) AS t{condition}"
    sampled = Query(f"SELECT * FROM ({filtered}) AS s USING SAMPLE {rate} PERCENT (bernoulli)", read.columns)
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
