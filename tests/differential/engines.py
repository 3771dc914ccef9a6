"""The two engines over the same files: Apache Spark in local mode, and our Query Service."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlglot import exp

from local_platform.query_service.engine.run import Running
from local_platform.query_service.engine.select import compile_select
from local_platform.query_service.engine.session import Session
from local_platform.query_service.errors import QueryError
from local_platform.query_service.sql.dialect import parse_query
from tests.differential.answers import Answer, difference
from tests.differential.tables import tables
from tests.unit.query_world import World, query_world

_CONFIGURATION = {
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
    "spark.default.parallelism": "1",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "false",
    "spark.sql.adaptive.enabled": "false",
    # The queries are small and many: compiling each to bytecode costs more than running it.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "1g",
    "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Duser.timezone=UTC",
    "spark.log.level": "OFF",
}


class SparkEngine:
    """Apache Spark with the service's presumed settings: ANSI mode off, the session in UTC."""

    def __init__(self, session: Any) -> None:
        self.session = session

    def show(self, name: str, files: list[Path]) -> None:
        """A table over Parquet files."""
        self.session.read.parquet(*(str(file) for file in files)).createOrReplaceTempView(name)

    def answer(self, sql: str) -> Answer:
        """Run a query."""
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException

        try:
            frame = self.session.sql(sql)
            names = list(frame.columns)
            types = [item.dataType.simpleString() for item in frame.schema]
            return Answer(names, types, _arrow_rows(frame._collect_as_arrow()))
        except PySparkException as error:
            return Answer(error=f"{type(error).__name__}: {str(error)[:300]}")
        except Py4JError as error:
            return Answer(error=f"{type(error).__name__}: {str(error)[:300]}")


class OurEngine:
    """Our Query Service: the same path a SELECT takes from the wire, read before its values become text."""

    def __init__(self, world: World) -> None:
        self.world = world
        engine = world.service.engine
        self.session = Session(engine, world.tokens.check(world.tokens.issue()))

    def show(self, name: str, rows: Any) -> list[Path]:
        """A table of the lake; its files."""
        dataset = self.world.table(name, rows)
        return list(self.world.lake.files(dataset.id))

    def answer(self, sql: str) -> Answer:
        """Run a query."""
        try:
            query, catalog = compile_select(self.session, sql, capped=True)
            running = Running(self.session, "SELECT", sql, catalog.references, 120)
            batches = list(running.batches(query.sql, 10_000))
        except QueryError as error:
            return Answer(error=f"{error.sqlstate} {error.message}")
        names = [name for name, _ in query.columns]
        return Answer(names, [type.spark for _, type in query.columns], _arrow_rows(batches))


class Engines:
    """Both, over the same tables."""

    def __init__(self, spark: SparkEngine, ours: OurEngine) -> None:
        self.spark = spark
        self.ours = ours

    def difference(self, sql: str) -> str:
        """What differs between the two answers to a query; empty when nothing does."""
        return difference(self.spark.answer(sql), self.ours.answer(sql), ordered=is_ordered(sql))


def is_ordered(sql: str) -> bool:
    """Whether the query's outermost level has ORDER BY."""
    try:
        tree = parse_query(sql)
    except QueryError:
        return False
    return isinstance(tree, exp.Expression) and tree.args.get("order") is not None


def start_spark(directory: Path) -> Any:
    """A Spark session in this process's own JVM.

    Skips the test where Java is missing; fails it where Java is there and pyspark is not.
    """
    if shutil.which("java") is None:
        pytest.skip("Apache Spark needs Java 17, and there is no java on the PATH")
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        pytest.fail(f"Java is here but pyspark is not ({error}); `make spark` installs it")
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    builder = SparkSession.builder.master("local[1]").appName("differential suite")
    for key, value in _CONFIGURATION.items():
        builder = builder.config(key, value)
    builder = builder.config("spark.sql.warehouse.dir", str(directory / "warehouse"))
    return builder.config("spark.local.dir", str(directory / "spark")).getOrCreate()


@contextmanager
def both_engines(directory: Path) -> Iterator[Engines]:
    """Spark and our Query Service with the suite's tables in both, read from the same files."""
    spark = SparkEngine(start_spark(directory))
    try:
        with query_world(directory / "platform") as world:
            ours = OurEngine(world)
            for name, rows in tables().items():
                spark.show(name, ours.show(name, rows))
            try:
                yield Engines(spark, ours)
            finally:
                ours.session.close()
    finally:
        spark.session.stop()


def _arrow_rows(batches: Any) -> list[tuple[Any, ...]]:
    """Rows of record batches as Python values; an instant is a naive time in UTC."""
    rows: list[tuple[Any, ...]] = []
    for batch in batches:
        columns = [[_plain(value) for value in column.to_pylist()] for column in batch.columns]
        rows.extend(zip(*columns, strict=True))
    return rows


def _plain(value: Any) -> Any:
    if hasattr(value, "tzinfo") and value.tzinfo is not None:
        return value.replace(tzinfo=None)
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, tuple):
        return tuple(_plain(part) for part in value)
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return value
