"""The rows of PostgreSQL's catalogue that describe the lake."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from local_platform.query_service.catalog.base_types import CATALOG_SCHEMA, OWNER, PUBLIC, function_rows, type_rows
from local_platform.query_service.catalog.parameters import PARAMETERS
from local_platform.query_service.catalog.shape import CATALOG, table
from local_platform.query_service.engine.scan import columns_of
from local_platform.query_service.errors import QueryError
from local_platform.query_service.sql.types import Type, oid

if TYPE_CHECKING:
    from local_platform.query_service.engine.session import Session

# PostgreSQL's number of a type, and its name as \d prints it.
_SIMPLE = {
    "boolean": (16, "boolean"),
    "binary": (17, "bytea"),
    "bigint": (20, "bigint"),
    "smallint": (21, "smallint"),
    "tinyint": (21, "smallint"),
    "int": (23, "integer"),
    "string": (25, "text"),
    "float": (700, "real"),
    "double": (701, "double precision"),
    "date": (1082, "date"),
    "timestamp": (1114, "timestamp"),
    "decimal": (1700, "numeric"),
    "array": (2277, "anyarray"),
    "map": (5000, "anymap"),
}
# PostgreSQL's numbers of its own relations, which tools name by their text ('pg_class'::regclass).
_OWN_RELATIONS = {"pg_type": 1247, "pg_attribute": 1249, "pg_proc": 1255, "pg_class": 1259, "pg_namespace": 2615}

# What the JDBC driver and SQLAlchemy ask for before they read keys and options.
_SETTINGS = {"max_index_keys": "32", "max_identifier_length": "63", "default_table_access_method": "heap"}


def displayed(type: Type) -> str:
    """PostgreSQL's name of a type, as \\d and SHOW print it; Spark's for a struct."""
    return _SIMPLE[type.kind][1] if type.kind in _SIMPLE else type.spark


def number_of(name: str) -> int:
    """A stable object id above those PostgreSQL reserves."""
    return 16_384 + zlib.crc32(name.encode()) % 2_000_000_000


class Relations:
    """The catalogue as one session sees it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.only = session.catalog().only
        self.classes: list[dict[str, Any]] = [
            {"oid": number, "relname": name, "relnamespace": CATALOG_SCHEMA, "relkind": "r"}
            for name, number in _OWN_RELATIONS.items()
        ]
        self.attributes: list[dict[str, Any]] = []
        self.types = type_rows()

    def tables(self, names: set[str]) -> dict[str, pa.Table]:
        """These relations by name."""
        lake = self.session.engine.lake
        for dataset in lake.datasets():
            if self._visible(dataset.table_name):
                self._relation(dataset.table_name, "r", columns_of(dataset.schema))
        for view in lake.views():
            if self._visible(view.name):
                self._relation(view.name, "v", self._view_columns(view.sql))
        for name, kept in self.session.temporary.items():
            self._relation(name, "r", columns_of(kept.schema))
        rows: dict[str, list[dict[str, Any]]] = {
            "pg_namespace": [{"oid": PUBLIC, "nspname": "public"}, {"oid": CATALOG_SCHEMA, "nspname": "pg_catalog"}],
            "pg_database": [{"oid": 1, "datname": self.session.database, "datallowconn": True}],
            "pg_roles": [{"oid": OWNER, "rolname": "postgres", "rolinherit": True, "rolcanlogin": True}],
            "pg_tablespace": [{"oid": 1663, "spcname": "pg_default"}],
            "pg_proc": function_rows(),
            "pg_settings": [{"name": name, "setting": value} for name, value in {**PARAMETERS, **_SETTINGS}.items()],
            "pg_class": self.classes,
            "pg_attribute": self.attributes,
            "pg_type": self.types,
        }
        return {name: table(name, rows.get(name, [])) for name in CATALOG if name in names}

    def _visible(self, name: str) -> bool:
        return self.only is None or name.lower() in self.only

    def _view_columns(self, sql: str) -> list[tuple[str, Type]]:
        from local_platform.query_service.engine.select import compile_select

        try:
            return compile_select(self.session, sql, capped=False)[0].columns
        except QueryError:
            # A view over a table that is gone is still listed.
            return []

    def _relation(self, name: str, kind: str, columns: list[tuple[str, Type]]) -> None:
        number = number_of(name)
        composite = kind == "c"
        self.classes.append(
            {
                "oid": number,
                "relname": name,
                "relnamespace": PUBLIC,
                "reltype": number if composite else 0,
                "relkind": kind,
                "relnatts": len(columns),
                "relispopulated": True,
            }
        )
        if composite:
            self.types.append(
                {
                    "oid": number,
                    "typname": name,
                    "typnamespace": PUBLIC,
                    "typtype": "c",
                    "typcategory": "C",
                    "typisdefined": True,
                    "typrelid": number,
                    "spelled": name,
                }
            )
        for place, (column, type) in enumerate(columns, start=1):
            type_id, size = self._type(f"{name}_{column.lower()}", type)
            self.attributes.append(
                {
                    "attrelid": number,
                    "attname": column.lower(),
                    "atttypid": type_id,
                    "attlen": size,
                    "attnum": place,
                    "attislocal": True,
                }
            )

    def _type(self, name: str, type: Type) -> tuple[int, int]:
        """Object id and size of a column's type; a struct becomes a composite type of its own."""
        if type.kind == "struct":
            self._relation(name, "c", [(field.name, field.type) for field in type.fields])
            return number_of(name), -1
        return _SIMPLE.get(type.kind, _SIMPLE["string"])[0], oid(type)[1]
