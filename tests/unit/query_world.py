"""A Query Service in this process over a fresh lake, for tests of its SQL and of its wire."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from local_platform.clock import Clock
from local_platform.lake import Dataset, Lake
from local_platform.query_service import QueryOptions, QueryService
from local_platform.tokens import Credentials, Tokens

ORG = "0123456789ABCDEF@AdobeOrg"


def sqlalchemy_url(given: Mapping[str, Any], driver: str = "psycopg2") -> sa.URL:
    """What a driver's connect takes, as SQLAlchemy takes it."""
    return sa.URL.create(
        f"postgresql+{driver}",
        username=given["user"],
        password=given["password"],
        host=given["host"],
        port=given["port"],
        database=given["dbname"],
        query={name: given[name] for name in ("sslmode", "gssencmode")},
    )


@dataclass
class World:
    """A lake, its clock, and a Query Service that listens."""

    data_dir: Path
    lake: Lake
    clock: Clock
    tokens: Tokens
    service: QueryService
    port: int

    def dsn(self, **options: Any) -> dict[str, Any]:
        """Keyword arguments of a driver's connect."""
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "user": ORG,
            "password": self.tokens.issue(),
            "dbname": "dev:all",
            "sslmode": "require",
            "gssencmode": "disable",
        } | options

    @contextlib.contextmanager
    def connected(self, **options: Any) -> Iterator[Any]:
        """A psycopg2 cursor with autocommit."""
        connection = psycopg2.connect(**self.dsn(**options))
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the last statement of a message, in a session of its own."""
        with self.connected() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []

    def one(self, expression: str) -> Any:
        """The value of an expression."""
        return self.rows(f"SELECT {expression} AS value")[0][0]

    def refused(self, sql: str) -> tuple[str, str]:
        """SQLSTATE and message of a statement that must fail."""
        try:
            self.rows(sql)
        except psycopg2.Error as error:
            return str(error.pgcode), str(error)
        raise AssertionError(f"accepted: {sql}")

    def table(self, name: str, rows: pa.Table, *, owner: str = "somebody", batches: int = 1) -> Dataset:
        """A dataset made through the API, its rows cut into so many batches."""
        dataset = self.lake.create_dataset(name, rows.schema, owner=owner, created_by="api")
        step = -(-rows.num_rows // batches)
        for number in range(batches):
            self.append(dataset, rows.slice(number * step, step))
        return dataset

    def append(self, dataset: Dataset, rows: pa.Table) -> int:
        """One more batch; the id of its snapshot."""
        with self.lake.scratch_dir() as directory:
            file = directory / "part.parquet"
            pq.write_table(rows, file)
            return self.lake.append(dataset.id, [file]).id


@contextlib.contextmanager
def query_world(data_dir: Path, **options: Any) -> Iterator[World]:
    """A world whose service is stopped at the end."""
    clock = Clock()
    lake = Lake(data_dir, clock)
    tokens = Tokens(Credentials.load(data_dir), org_id=ORG, client_id="test")
    service = QueryService(lake, clock, tokens, QueryOptions(**options))
    try:
        yield World(data_dir, lake, clock, tokens, service, service.start(0))
    finally:
        service.stop()
        lake.database.close()
