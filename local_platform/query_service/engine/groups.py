"""Data groups: databases and schemas as logical containers; a table may be in several, and adding it moves nothing."""

from __future__ import annotations

from typing import Any

from local_platform.documents import Document, Documents
from local_platform.query_service.engine.results import Result, texts_result
from local_platform.query_service.engine.session import Session
from local_platform.query_service.errors import QueryError, analysis_error, not_supported
from local_platform.query_service.sql.statements import CreateContainer, DataGroup, Drop

_COLLECTION = "query_service.databases"
_DEFAULT = "all"


class Groups:
    """Databases by name: {"schemas": {schema: [names of tables and views]}}."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def databases(self) -> list[Document]:
        """All but the default one."""
        return self._documents.all(_COLLECTION)

    def find(self, name: str) -> dict[str, Any] | None:
        """Schemas of a database by name, in any case."""
        found = self._documents.get(_COLLECTION, name.lower())
        return None if found is None else dict(found.body["schemas"])

    def members(self, database: str) -> set[str] | None:
        """Names in any schema of a database; None when there is no such database."""
        schemas = self.find(database)
        return None if schemas is None else {name for names in schemas.values() for name in names}

    def holds(self, parts: tuple[str, ...]) -> bool:
        """Whether `database.table` or `database.schema.table` names a member."""
        schemas = self.find(parts[0])
        if schemas is None or len(parts) > 3:
            return False
        named = {parts[1].lower(): schemas.get(parts[1].lower(), [])} if len(parts) == 3 else schemas
        return any(parts[-1].lower() in names for names in named.values())

    def store(self, database: str, schemas: dict[str, Any]) -> None:
        self._documents.put(_COLLECTION, database.lower(), {"schemas": schemas})

    def remove(self, database: str) -> None:
        self._documents.delete(_COLLECTION, database.lower())

    def forget(self, name: str) -> None:
        """A table or view is gone; no group refers to it any more."""
        for each in self.databases():
            schemas = {s: [n for n in names if n != name] for s, names in each.body["schemas"].items()}
            if schemas != each.body["schemas"]:
                self.store(each.id, schemas)


def create(session: Session, statement: CreateContainer) -> Result:
    """CREATE DATABASE d, CREATE SCHEMA d.s."""
    groups = session.engine.groups
    database = statement.name[0].lower()
    schemas = groups.find(database)
    if statement.kind == "database":
        if len(statement.name) != 1:
            raise analysis_error("CREATE DATABASE takes one name.")
        if schemas is not None or database == _DEFAULT:
            if statement.if_not_exists:
                return Result("CREATE DATABASE", notices=[f"Database {database} already exists, skipping"])
            raise QueryError("42P04", f"Database {database} already exists.")
        groups.store(database, {})
        return Result("CREATE DATABASE")
    if schemas is None:
        raise _no_database(database)
    schema = statement.name[1].lower()
    if schema in schemas:
        raise QueryError("42P06", f"Schema {database}.{schema} already exists.")
    groups.store(database, {**schemas, schema: []})
    return Result("CREATE SCHEMA")


def drop(session: Session, statement: Drop) -> Result:
    """DROP DATABASE (must be empty), DROP SCHEMA (CASCADE removes the references, never tables)."""
    groups = session.engine.groups
    database = statement.name[0].lower()
    schemas = groups.find(database)
    tag = f"DROP {statement.kind.upper()}"
    missing = schemas is None or (statement.kind == "schema" and statement.name[-1].lower() not in schemas)
    if missing:
        if statement.if_exists:
            return Result(tag, notices=[f"{statement.kind} {'.'.join(statement.name)} does not exist, skipping"])
        raise _no_database(".".join(statement.name))
    assert schemas is not None
    if statement.kind == "database":
        if any(schemas.values()) or schemas:
            raise QueryError("2BP01", f"Database {database} still has schemas; drop them first.")
        groups.remove(database)
        return Result(tag)
    schema = statement.name[-1].lower()
    if schemas[schema] and statement.mode != "CASCADE":
        raise QueryError("2BP01", f"Schema {database}.{schema} is not empty; remove its tables or use CASCADE.")
    groups.store(database, {name: tables for name, tables in schemas.items() if name != schema})
    return Result(tag)


def alter(session: Session, statement: DataGroup) -> Result:
    """ALTER TABLE / VIEW x ADD / REMOVE SCHEMA d.s."""
    database, schema, schemas = schema_of_name(session, statement.schema)
    name = session.name_of(statement.name)
    if not session.catalog().table_exists(name) or name in session.temporary:
        raise QueryError("42P01", f"Table or view {name} not found.")
    names = [each for each in schemas[schema] if each != name]
    if not statement.add and len(names) == len(schemas[schema]):
        raise analysis_error(f"{name} is not in schema {database}.{schema}.")
    session.engine.groups.store(database, {**schemas, schema: [*names, name] if statement.add else names})
    return Result("ALTER TABLE")


def schema_of_name(session: Session, parts: tuple[str, ...]) -> tuple[str, str, dict[str, Any]]:
    """Database, schema, and all schemas of that database, for `database.schema`.

    Raises:
        QueryError: 0A000, not two parts; 3F000, there is no such schema.
    """
    if len(parts) != 2:
        raise not_supported("A schema without its database", "write database.schema.")
    database, schema = (part.lower() for part in parts)
    schemas = session.engine.groups.find(database)
    if schemas is None or schema not in schemas:
        raise _no_database(f"{database}.{schema}")
    return database, schema, schemas


def add(session: Session, parts: tuple[str, ...], name: str) -> None:
    """Put a table or view into the schema `database.schema`, once."""
    database, schema, schemas = schema_of_name(session, parts)
    names = [each for each in schemas[schema] if each != name]
    session.engine.groups.store(database, {**schemas, schema: [*names, name]})


def _no_database(name: str) -> QueryError:
    return QueryError("3F000", f"There is no database or schema {name}; SHOW DATABASES and SHOW SCHEMAS list them.")


def show_databases(session: Session) -> Result:
    names = [_DEFAULT, *(each.id for each in session.engine.groups.databases())]
    return texts_result(["name"], [(name,) for name in names], "SHOW DATABASES")


def show_schemas(session: Session) -> Result:
    rows = [(_DEFAULT, "public")]
    rows += [(each.id, schema) for each in session.engine.groups.databases() for schema in each.body["schemas"]]
    return texts_result(["database", "schema"], rows, "SHOW SCHEMAS")


def show_groups(session: Session, only: str = "") -> Result:
    """Every membership; `only` restricts it to one table."""
    lake = session.engine.lake
    ids = {dataset.table_name.lower(): dataset.id for dataset in lake.datasets()}
    rows = []
    for each in session.engine.groups.databases():
        for schema, names in each.body["schemas"].items():
            for name in names:
                if only and name != only.lower():
                    continue
                kind = "Data Lake Table" if name in ids else "View"
                rows.append((each.id, schema, "ADLS", kind, name, ids.get(name, f"view-{name}")))
    columns = ["Database", "Schema", "GroupType", "ChildType", "ChildName", "ChildId"]
    return texts_result(columns, rows, "SHOW DATAGROUPS")
