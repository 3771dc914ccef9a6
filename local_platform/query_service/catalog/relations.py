"""The rows of PostgreSQL's catalogue that describe the lake."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from local_platform.query_service.engine.scan import columns_of
from local_platform.query_service.errors import QueryError
from local_platform.query_service.sql.types import Type, oid

if TYPE_CHECKING:
    from local_platform.query_service.engine.session import Session

_INT, _TEXT, _BOOL = pa.int64(), pa.string(), pa.bool_()
_PUBLIC, _CATALOG, _OWNER = 2200, 11, 10


def _columns(text: str) -> list[tuple[str, Any]]:
    kinds = {"i": _INT, "t": _TEXT, "b": _BOOL}
    return [(part.split(":")[0], kinds[part.split(":")[1]]) for part in text.split()]


# Relations that psql's documented commands and SQLAlchemy's get_table_names read, with the columns they use.
COLUMNS: dict[str, list[tuple[str, Any]]] = {
    "pg_namespace": _columns("oid:i nspname:t nspowner:i nspacl:t"),
    "pg_class": _columns(
        "oid:i relname:t relnamespace:i reltype:i reloftype:i relowner:i relam:i reltablespace:i reltuples:i "
        "reltoastrelid:i relhasindex:b relisshared:b relpersistence:t relkind:t relnatts:i relchecks:i relhasrules:b "
        "relhastriggers:b relhasoids:b relrowsecurity:b relforcerowsecurity:b relreplident:t relispartition:b "
        "reloptions:t relacl:t relpartbound:t"
    ),
    "pg_attribute": _columns(
        "attrelid:i attname:t atttypid:i attlen:i attnum:i attndims:i atttypmod:i attnotnull:b atthasdef:b "
        "attidentity:t attgenerated:t attisdropped:b attcollation:i attstorage:t attstattarget:i attcompression:t "
        "attoptions:t attfdwoptions:t attacl:t"
    ),
    "pg_type": _columns(
        "oid:i typname:t typnamespace:i typowner:i typlen:i typtype:t typcategory:t typrelid:i typelem:i typarray:i "
        "typbasetype:i typcollation:i typtypmod:i typnotnull:b typdefault:t spelled:t"
    ),
    "pg_database": _columns(
        "oid:i datname:t datdba:i encoding:i datcollate:t datctype:t datacl:t datistemplate:b datallowconn:b "
        "dattablespace:i"
    ),
    "pg_attrdef": _columns("oid:i adrelid:i adnum:i adbin:t"),
    "pg_am": _columns("oid:i amname:t amtype:t"),
    "pg_collation": _columns("oid:i collname:t collnamespace:i"),
    "pg_index": _columns(
        "indexrelid:i indrelid:i indisprimary:b indisunique:b indisclustered:b indisvalid:b indkey:t indpred:t "
        "indisreplident:b indnatts:i"
    ),
    "pg_constraint": _columns(
        "oid:i conname:t connamespace:i contype:t conrelid:i confrelid:i conindid:i conkey:t confkey:t condeferrable:b "
        "condeferred:b conparentid:i convalidated:b"
    ),
    "pg_inherits": _columns("inhrelid:i inhparent:i inhseqno:i inhdetachpending:b"),
    "pg_trigger": _columns("oid:i tgrelid:i tgname:t tgisinternal:b tgenabled:t tgconstraint:i tgdeferrable:b"),
    "pg_proc": _columns(
        "oid:i proname:t pronamespace:i prorettype:i proisagg:b proiswindow:b prokind:t proowner:i prolang:i "
        "provolatile:t prosecdef:b proacl:t prosrc:t"
    ),
    "pg_language": _columns("oid:i lanname:t"),
    "pg_policy": _columns("oid:i polname:t polrelid:i polpermissive:b polcmd:t polqual:t polwithcheck:t polroles:t"),
    "pg_statistic_ext": _columns("oid:i stxrelid:i stxnamespace:i stxname:t"),
    "pg_roles": _columns("oid:i rolname:t rolsuper:b rolcanlogin:b"),
    "pg_tablespace": _columns("oid:i spcname:t"),
    "pg_foreign_table": _columns("ftrelid:i ftserver:i ftoptions:t"),
    "pg_foreign_server": _columns("oid:i srvname:t"),
    "pg_description": _columns("objoid:i classoid:i objsubid:i description:t"),
    "pg_enum": _columns("oid:i enumtypid:i enumsortorder:i enumlabel:t"),
    "pg_range": _columns("rngtypid:i rngsubtype:i"),
}

_SIMPLE = {
    "boolean": (16, "bool", "boolean"),
    "binary": (17, "bytea", "bytea"),
    "bigint": (20, "int8", "bigint"),
    "smallint": (21, "int2", "smallint"),
    "tinyint": (21, "int2", "smallint"),
    "int": (23, "int4", "integer"),
    "string": (25, "text", "text"),
    "float": (700, "float4", "real"),
    "double": (701, "float8", "double precision"),
    "date": (1082, "date", "date"),
    "timestamp": (1114, "timestamp", "timestamp"),
    "decimal": (1700, "numeric", "numeric"),
    "array": (2277, "anyarray", "anyarray"),
    "map": (5000, "anymap", "anymap"),
}


def displayed(type: Type) -> str:
    """PostgreSQL's name of a type, as \\d and SHOW print it; Spark's for a struct."""
    return _SIMPLE[type.kind][2] if type.kind in _SIMPLE else type.spark


# attcompression, attoptions, attfdwoptions, attacl
_NOTHING = ("", None, None, None)


def number_of(name: str) -> int:
    """A stable object id above those PostgreSQL reserves."""
    return 16_384 + zlib.crc32(name.encode()) % 2_000_000_000


class Relations:
    """The catalogue as one session sees it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.only = session.catalog().only
        self.classes: list[tuple[Any, ...]] = []
        self.attributes: list[tuple[Any, ...]] = []
        self.types: list[tuple[Any, ...]] = [
            (number, name, _CATALOG, _OWNER, -1, "b", "U", 0, 0, 0, 0, 0, -1, False, None, spelled)
            for number, name, spelled in dict.fromkeys(_SIMPLE.values())
        ]

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """Rows by relation."""
        lake = self.session.engine.lake
        for dataset in lake.datasets():
            if self._visible(dataset.table_name):
                self._relation(dataset.table_name, "r", columns_of(dataset.schema))
        for view in lake.views():
            if self._visible(view.name):
                self._relation(view.name, "v", self._view_columns(view.sql))
        for name, kept in self.session.temporary.items():
            self._relation(name, "r", columns_of(kept.schema))
        rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in COLUMNS}
        rows["pg_namespace"] = [
            (_PUBLIC, "public", _OWNER, None),
            (_CATALOG, "pg_catalog", _OWNER, None),
        ]
        rows["pg_database"] = [(1, "all", _OWNER, 6, "en_US.UTF-8", "en_US.UTF-8", None, False, True, 0)]
        rows["pg_roles"] = [(_OWNER, "postgres", False, True)]
        rows["pg_class"], rows["pg_attribute"], rows["pg_type"] = self.classes, self.attributes, self.types
        return rows

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
        flags = (False, False, "p", kind, len(columns), 0, False, False, False, False, False, "d", False)
        self.classes.append(
            (number, name, _PUBLIC, number if kind == "c" else 0, 0, _OWNER, 0, 0, 0, 0, *flags, None, None, None)
        )
        if kind == "c":
            self.types.append((number, name, _PUBLIC, _OWNER, -1, "c", "C", number, 0, 0, 0, 0, -1, False, None, name))
        for place, (column, type) in enumerate(columns, start=1):
            type_id, size = self._type(f"{name}_{column.lower()}", type)
            self.attributes.append(
                (
                    number,
                    column.lower(),
                    type_id,
                    size,
                    place,
                    0,
                    -1,
                    False,
                    False,
                    "",
                    "",
                    False,
                    0,
                    "x",
                    -1,
                    *_NOTHING,
                )
            )

    def _type(self, name: str, type: Type) -> tuple[int, int]:
        """Object id and size of a column's type; a struct becomes a composite type of its own."""
        if type.kind == "struct":
            self._relation(name, "c", [(field.name, field.type) for field in type.fields])
            return number_of(name), -1
        return _SIMPLE.get(type.kind, _SIMPLE["string"])[0], oid(type)[1]
