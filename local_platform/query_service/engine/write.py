"""CTAS, CREATE TABLE, INSERT INTO: Parquet files made by the engine, made visible by one transaction of the lake."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from local_platform.lake import TableExists
from local_platform.query_service.compiler.casts import cast, literal_text
from local_platform.query_service.compiler.coercion import common
from local_platform.query_service.compiler.scope import Query, Value
from local_platform.query_service.engine.columntypes import CREATE_TYPES, column_type
from local_platform.query_service.engine.results import Result, texts_result
from local_platform.query_service.engine.run import Running
from local_platform.query_service.engine.scan import columns_of
from local_platform.query_service.engine.select import compile_select
from local_platform.query_service.engine.session import Session
from local_platform.query_service.engine.tables import TempTable
from local_platform.query_service.errors import (
    QueryError,
    analysis_error,
    not_supported,
    syntax_error,
    table_exists,
)
from local_platform.query_service.sql.statements import CreateTable, CreateTableAs, Insert
from local_platform.query_service.sql.types import Type, quoted, to_arrow

_OPTIONS = ("schema", "rowvalidation", "label")
_LONGEST_NAME = 63


def new_name(parts: tuple[str, ...]) -> str:
    """The lower-case name of a new table or view.

    Raises:
        QueryError: 42601 for a name that is not allowed.
    """
    if len(parts) > 1:
        raise not_supported(
            f"The qualified name {'.'.join(parts)}",
            "data groups are not made by naming them.",
            instead="Use a bare name; put the table into a group with ALTER TABLE ... ADD SCHEMA.",
        )
    name = parts[0].lower()
    if "__" in name:
        raise syntax_error(f"Table name {parts[0]!r} has two underscores in a row, which is not allowed.")
    if not name.replace("_", "a").isalnum() or not name.isascii() or name[0].isdigit():
        raise syntax_error(
            f"Table name {parts[0]!r} may hold letters, digits and underscores, and begins with a letter."
        )
    if name.strip("_") != name:
        # (unconfirmed: the pages forbid two in a row only)
        raise syntax_error(
            f"Table name {parts[0]!r} begins or ends with an underscore.",
            hint=f"Write {name.strip('_') or 'a letter'}.",
        )
    if len(name) > _LONGEST_NAME:
        raise syntax_error(f"Table name {parts[0]!r} is longer than {_LONGEST_NAME} characters.")
    return name


def check_columns(columns: Sequence[tuple[str, Type]], where: str) -> None:
    """Names must be unique (in any case) and not made up by the engine.

    Raises:
        QueryError: 58000.
    """
    seen: set[str] = set()
    for name, _ in columns:
        if name.lower() in seen:
            raise analysis_error(f"The column `{name}` already exists in {where}.", kind="COLUMN_ALREADY_EXISTS")
        if "(" in name:
            raise analysis_error(f"Column {name!r} of {where} needs an alias.")
        seen.add(name.lower())


def schema_of(columns: Sequence[tuple[str, Type]]) -> pa.Schema:
    """Arrow schema of a new table.

    Raises:
        QueryError: 58000, a type that cannot be stored.
    """
    fields = []
    for name, type in columns:
        try:
            fields.append(pa.field(name, to_arrow(type)))
        except TypeError:
            raise analysis_error(
                f"Column {name!r} has the type {type.spark}, which cannot be stored; "
                "CAST it, as in CAST(NULL AS string)."
            ) from None
    return pa.schema(fields)


def create_table_as(
    session: Session, statement: CreateTableAs, text: str, parameters: Sequence[Value] | None = None
) -> Result:
    """CTAS; also CREATE TEMP TABLE.

    Args:
        parameters: what a driver bound to $1, $2, ...
    """
    name = new_name(statement.name)
    _check_options(statement.options)
    lake = session.engine.lake
    taken = name in session.temporary if statement.temporary else lake.name_is_taken(name)
    if taken:
        if statement.if_not_exists:
            return Result("CREATE TABLE", notices=[f"Table {name} already exists, skipping"])
        raise table_exists(name)
    query, catalog = compile_select(session, statement.query, parameters, capped=False)
    check_columns(query.columns, name)
    schema, reference = schema_of(query.columns), None
    if "schema" in statement.options:
        reference, schema = session.engine.registry.schema(statement.options["schema"])
        query = shaped(query, columns_of(schema))
    session.wait_to_start()
    running = Running(session, "CREATE TABLE AS", text, catalog.references, session.engine.options.batch_seconds)
    with written(session, running, query, [item.name for item in schema]) as files:
        if statement.temporary:
            session.temporary[name] = TempTable(schema, [keep(session, file) for file in files])
        else:
            try:
                lake.create_table_with_data(
                    name,
                    schema,
                    files,
                    owner=session.owner,
                    schema_ref=reference,
                    tags=_tags(statement.options),
                    properties={"queryService": statement.options} if statement.options else None,
                )
            except TableExists:
                raise table_exists(name) from None
    return Result("CREATE TABLE AS", rows=running.rows)


def create_table(session: Session, statement: CreateTable) -> Result:
    """CREATE TABLE with columns: an empty dataset; answers with its id."""
    name = new_name(statement.name)
    _check_options(statement.options)
    lake = session.engine.lake
    if lake.name_is_taken(name):
        if statement.if_not_exists:
            return Result("CREATE TABLE", notices=[f"Table {name} already exists, skipping"])
        raise table_exists(name)
    columns = [(column.name, column_type(column.type, CREATE_TYPES)) for column in statement.columns]
    check_columns(columns, name)
    identities = [(column.name, *column.identity) for column in statement.columns if column.identity is not None]
    if statement.options.get("label", "").upper() == "PROFILE" and not any(primary for _, _, primary in identities):
        raise analysis_error(f"Table {name} with the label PROFILE needs a primary identity.")
    registry = session.engine.registry
    for _, namespace, _ in identities:
        registry.code(namespace)
    try:
        with lake.database.write():
            made = lake.create_dataset(
                name,
                schema_of(columns),
                owner=session.owner,
                created_by="query_service",
                tags=_tags(statement.options),
                properties={"queryService": statement.options},
            )
            for column, namespace, primary in identities:
                registry.add_identity(made, column, namespace, primary=primary)
    except TableExists:
        raise table_exists(name) from None
    return texts_result(["Created Table DataSet Id"], [(made.id,)], "CREATE TABLE")


def insert(session: Session, statement: Insert, text: str, parameters: Sequence[Value] | None = None) -> Result:
    """INSERT INTO a table or a temporary table; columns go by position.

    Args:
        parameters: what a driver bound to $1, $2, ...
    """
    from local_platform.query_service.engine import audiences

    name = session.name_of(statement.name)
    lake = session.engine.lake
    if statement.overwrite or statement.audience or audiences.is_audience(session, name):
        return audiences.insert(session, statement, text)
    temporary = session.temporary.get(name)
    if temporary is None:
        if lake.name_is_taken(name) and session.catalog().view((name,)) is not None:
            raise not_supported("INSERT INTO a view", f"{name} is a view.", instead="Insert into its table.")
        dataset = session.catalog().dataset(name)
        schema = dataset.schema
    else:
        schema = temporary.schema
    query, catalog = compile_select(session, statement.query, parameters, capped=False)
    fitted = fit(query, columns_of(schema), statement.columns, name)
    session.wait_to_start()
    running = Running(session, "INSERT", text, catalog.references, session.engine.options.batch_seconds)
    with written(session, running, fitted, [item.name for item in schema]) as files:
        if temporary is not None:
            temporary.files.extend(keep(session, file) for file in files)
        else:
            lake.append(dataset.id, files)
    return Result(f"INSERT 0 {running.rows}", rows=running.rows)


def fit(
    query: Query,
    wanted: Sequence[tuple[str, Type]],
    listed: Sequence[str] | None,
    table: str,
    *,
    narrowing: bool = False,
) -> Query:
    """The query with its columns in the table's types.

    Args:
        narrowing: a number may go into a column of any numeric type, as in the audience guide's own example; what does
            not fit fails. The guide on nested data asks for equal types or a CAST, so tables take no such numbers.

    Raises:
        QueryError: 58000 `Error validating schema`: number, order or types do not match.
    """
    if listed is not None and [name.lower() for name in listed] != [name.lower() for name, _ in wanted]:
        raise not_supported(
            "INSERT INTO with part of the columns",
            f"columns go by position, and {table} has ({', '.join(name for name, _ in wanted)}).",
            instead="Select every column in table order.",
        )
    if len(query.columns) != len(wanted):
        raise analysis_error(
            f"Error validating schema: table {table} has {len(wanted)} columns, the SELECT has {len(query.columns)}."
        )
    parts = []
    for place, ((_, seen), (column, type)) in enumerate(zip(query.columns, wanted, strict=True)):
        if narrowing and seen.is_numeric and type.is_numeric:
            parts.append(f"CAST(s.c{place} AS {type.duck}) AS c{place}")
            continue
        if seen != type and not _fits(seen, type):
            raise analysis_error(
                f"Error validating schema: column {column} of {table} is {type.spark}, the SELECT gives {seen.spark}; "
                "CAST it."
            )
        parts.append(f"{cast(Value(f's.c{place}', seen), type).sql} AS c{place}")
    return Query(f"SELECT {', '.join(parts)} FROM ({query.sql}) AS s", list(wanted))


def shaped(query: Query, wanted: Sequence[tuple[str, Type]]) -> Query:
    """The query in the shape of an XDM schema: fields by name, what the SELECT does not give is NULL.

    Raises:
        QueryError: 58000 `Error validating schema`: a field of the SELECT is not in the schema, or has another type.
    """
    given = {name.lower(): Value(f"s.c{place}", type) for place, (name, type) in enumerate(query.columns)}
    known = {name.lower() for name, _ in wanted}
    for name, _ in query.columns:
        if name.lower() not in known:
            raise analysis_error(f"Error validating schema: field {name} is not in the target schema.")
    parts = [f"{_shape(given.get(name.lower()), type, name)} AS c{place}" for place, (name, type) in enumerate(wanted)]
    return Query(f"SELECT {', '.join(parts)} FROM ({query.sql}) AS s", list(wanted))


def _shape(value: Value | None, type: Type, path: str) -> str:
    if value is None:
        return f"CAST(NULL AS {type.duck})"
    if type.kind != "struct" or value.type.kind != "struct":
        if value.type != type and not _fits(value.type, type):
            raise analysis_error(
                f"Error validating schema: field {path} is {type.spark}, the SELECT gives {value.type.spark}; CAST it."
            )
        return cast(value, type).sql
    for field in value.type.fields:
        if type.field(field.name) is None:
            raise analysis_error(f"Error validating schema: field {path}.{field.name} is not in the target schema.")
    parts = []
    for field in type.fields:
        found = value.type.field(field.name)
        inner = None
        if found is not None:
            inner = Value(f"struct_extract({value.sql}, {literal_text(found.name)})", found.type)
        parts.append(f"{quoted(field.name)} := {_shape(inner, field.type, f'{path}.{field.name}')}")
    return f"(CASE WHEN {value.sql} IS NOT NULL THEN struct_pack({', '.join(parts)}) END)"


def _fits(seen: Type, wanted: Type) -> bool:
    """Whether a value can be stored without a CAST: the same kind, or wider."""
    if seen.kind == "struct" and wanted.kind == "struct":
        return len(seen.fields) == len(wanted.fields) and all(
            one.name.lower() == other.name.lower() and (one.type == other.type or _fits(one.type, other.type))
            for one, other in zip(seen.fields, wanted.fields, strict=True)
        )
    if seen.kind == wanted.kind == "array":
        return seen.item == wanted.item or _fits(seen.item, wanted.item)
    if seen.kind == wanted.kind == "map":
        return seen.key == wanted.key and (seen.item == wanted.item or _fits(seen.item, wanted.item))
    return common(seen, wanted, text=False) == wanted


@contextmanager
def written(session: Session, running: Running, query: Query, names: Sequence[str]) -> Iterator[list[Path]]:
    """The query's rows as Parquet files in a scratch directory, none when there are no rows.

    They vanish unless the lake took them.
    """
    with session.engine.lake.scratch_dir() as directory:
        file = directory / "rows.parquet"
        selected = ", ".join(f"w.c{place} AS {quoted(name)}" for place, name in enumerate(names))
        running.execute(
            f"COPY (SELECT {selected} FROM ({query.sql}) AS w) TO {literal_text(str(file))} "
            "(FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 122880)"
        )
        running.rows = pq.read_metadata(file).num_rows
        try:
            yield [file] if running.rows else []
        except QueryError as error:
            running.close(error.sqlstate)
            raise
        except BaseException:
            running.close("58000")
            raise
        running.close()


def keep(session: Session, file: Path) -> Path:
    """Move a file into the session's own directory."""
    target = session.directory() / f"{file.stem}-{len(list(session.directory().iterdir()))}.parquet"
    return file.rename(target)


def _check_options(options: dict[str, str]) -> None:
    if "distribution" in options:
        raise not_supported("DISTRIBUTION", "it places tables of the accelerated store, which there is none of here.")
    unknown = [key for key in options if key not in _OPTIONS]
    if unknown:
        raise syntax_error(f"Unknown option {unknown[0]!r}; CREATE TABLE knows {', '.join(_OPTIONS)}.")
    if options.get("label", "PROFILE").upper() != "PROFILE":
        raise syntax_error(f"The label of a table is 'PROFILE', not {options['label']!r}.")


def _tags(options: dict[str, str]) -> dict[str, list[str]]:
    if options.get("label", "").upper() != "PROFILE":
        return {}
    return {"unifiedProfile": ["enabled:true", "isUpsert:true"]}
