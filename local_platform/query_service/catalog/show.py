"""SHOW: lists and parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from local_platform.lake import Dataset
from local_platform.query_service.engine.define import details
from local_platform.query_service.engine.results import Result, texts_result
from local_platform.query_service.errors import QueryError, not_supported, syntax_error
from local_platform.query_service.sql.dialect import parse_query
from local_platform.query_service.sql.statements import Show

if TYPE_CHECKING:
    from local_platform.query_service.engine.session import Session

PARAMETERS = {
    "server_version": "0.1.0",
    "server_encoding": "UTF8",
    "client_encoding": "UTF8",
    "lc_collate": "en_US.UTF-8",
    "lc_ctype": "en_US.UTF-8",
    "is_superuser": "off",
    "datestyle": "ISO, MDY",
    "timezone": "UTC",
    "integer_datetimes": "on",
    "standard_conforming_strings": "on",
    "transaction_isolation": "read committed",
}
_SPELLED = {"datestyle": "DateStyle", "timezone": "TimeZone"}


def show(session: Session, statement: Show) -> Result:
    """The list or parameter asked for.

    Raises:
        QueryError: 42601 for an unknown parameter.
    """
    handler = {
        "TABLES": _tables,
        "VIEWS": _views,
        "DATABASES": _databases,
        "SCHEMAS": _schemas,
        "PRIMARY KEYS": _primary_keys,
        "FOREIGN KEYS": _foreign_keys,
        "IDENTITIES": _identities,
        "ALL": _all,
    }.get(statement.subject)
    if handler is not None:
        return handler(session)
    if statement.subject == "PARAMETER":
        return _parameter(session, statement.argument)
    raise not_supported(f"SHOW {statement.subject}", "the local Query Service does not keep these.")


def _visible(session: Session) -> list[Dataset]:
    datasets = session.engine.lake.datasets()
    if session.database == "all":
        return datasets
    return [dataset for dataset in datasets if dataset.table_name.lower() == session.database.lower()]


def labels(dataset: Dataset) -> str:
    """'UPSERT', 'PROFILE' or false, as the newest page prints them."""
    flags = dataset.tags.get("unifiedProfile", [])
    found = [name for flag, name in (("isUpsert:true", "'UPSERT'"), ("enabled:true", "'PROFILE'")) if flag in flags]
    return ", ".join(found) or "false"


def _tables(session: Session) -> Result:
    rows = [
        (dataset.table_name, dataset.id, dataset.name, dataset.description, labels(dataset))
        for dataset in sorted(_visible(session), key=lambda each: each.table_name)
    ]
    return texts_result(["name", "dataSetId", "dataSet", "description", "labels"], rows, "SHOW TABLES")


def _views(session: Session) -> Result:
    lake = session.engine.lake
    ids = {dataset.table_name.lower(): dataset.id for dataset in lake.datasets()}
    views = {view.name.lower() for view in lake.views()}
    rows: list[tuple[str | None, ...]] = []
    for view in lake.views():
        names = _named_in(view.sql)
        tables = ", ".join(ids[name] for name in names if name in ids)
        others = ", ".join(name for name in names if name in views)
        rows.append(("all", "public", view.name, f"view-{view.name}", tables, others, "ADLS"))
    columns = ["Db Name", "Schema Name", "Name", "Id", "Dataset Dependencies", "Views Dependencies", "TYPE"]
    return texts_result(columns, rows, "SHOW VIEWS")


def _named_in(sql: str) -> list[str]:
    try:
        tree = parse_query(sql)
    except QueryError:
        return []
    return sorted({table.name.lower() for table in tree.find_all(exp.Table)})


def _databases(session: Session) -> Result:
    return texts_result(["name"], [("all",)], "SHOW DATABASES")


def _schemas(session: Session) -> Result:
    return texts_result(["database", "schema"], [("all", "public")], "SHOW SCHEMAS")


def _column_type(dataset: Dataset, column: str) -> str:
    from local_platform.query_service.engine.scan import columns_of

    types = {name.lower(): type.spark for name, type in columns_of(dataset.schema)}
    return types.get(column.lower(), "string")


def _primary_keys(session: Session) -> Result:
    rows = [
        (each.table_name, key["column"], _column_type(each, key["column"]), f'"{key["namespace"] or ""}"')
        for each in _visible(session)
        for key in details(each).get("primaryKeys", [])
    ]
    return texts_result(["tableName", "columnName", "datatype", "namespace"], rows, "SHOW PRIMARY KEYS")


def _foreign_keys(session: Session) -> Result:
    rows = [
        (
            each.table_name,
            key["column"],
            _column_type(each, key["column"]),
            key["table"],
            key["references"],
            f'"{key["namespace"] or ""}"',
        )
        for each in _visible(session)
        for key in details(each).get("foreignKeys", [])
    ]
    columns = ["tableName", "columnName", "datatype", "referencedTableName", "referencedColumnName", "namespace"]
    return texts_result(columns, rows, "SHOW FOREIGN KEYS")


def _identities(session: Session) -> Result:
    rows = [
        (
            each.table_name,
            key["column"],
            _column_type(each, key["column"]),
            f'"{key["namespace"]}"',
            str(bool(key["primary"])).lower(),
        )
        for each in _visible(session)
        for key in details(each).get("identities", [])
    ]
    return texts_result(["tableName", "columnName", "datatype", "namespace", "ifPrimary"], rows, "SHOW IDENTITIES")


def _all(session: Session) -> Result:
    rows = [(_SPELLED.get(name, name), value, "") for name, value in sorted(PARAMETERS.items())]
    return texts_result(["name", "setting", "description"], rows, "SHOW ALL")


def _parameter(session: Session, name: str) -> Result:
    key = name.lower()
    value = PARAMETERS.get(key) or session.settings.get(key)
    if value is None:
        raise syntax_error(f"Unknown parameter {name!r}; SHOW ALL lists the parameters.")
    return texts_result([_SPELLED.get(key, key)], [(value,)], "SHOW")
