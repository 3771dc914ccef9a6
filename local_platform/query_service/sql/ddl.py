"""CREATE, DROP and ALTER."""

from __future__ import annotations

import re

from local_platform.query_service.errors import QueryError, no_models, not_supported, syntax_error
from local_platform.query_service.sql.reader import Reader
from local_platform.query_service.sql.statements import (
    AddColumns,
    ColumnDefinition,
    Constraint,
    CreateAudience,
    CreateContainer,
    CreateFieldGroup,
    CreateNamespace,
    CreateTable,
    CreateTableAs,
    CreateView,
    DataGroup,
    Drop,
    Label,
    Statement,
)

_NO_CREATE = {
    "INDEX": ("CREATE INDEX", "there are no indexes.", "Filter on the timestamp, or use snapshots."),
    "UNIQUE": ("CREATE INDEX", "there are no indexes.", None),
    "FUNCTION": ("CREATE FUNCTION", "user-defined functions are not allowed.", None),
    "MATERIALIZED": ("CREATE MATERIALIZED VIEW", "it is not documented.", "Use CREATE TABLE AS."),
    "UNLOGGED": ("CREATE UNLOGGED TABLE", "it is not documented.", "Use CREATE TABLE AS."),
    "TEMPORARY": ("CREATE TEMPORARY", "the documented word is TEMP.", "Use CREATE TEMP TABLE ... AS."),
    "EXTERNAL": ("CREATE EXTERNAL TABLE", "it is not documented.", None),
    "ROLE": ("CREATE ROLE", "it is not documented.", None),
    "USER": ("CREATE USER", "it is not documented.", None),
    "SEQUENCE": ("CREATE SEQUENCE", "it is not documented.", None),
    "TYPE": ("CREATE TYPE", "it is not documented.", None),
    "EXTENSION": ("CREATE EXTENSION", "it is not documented.", None),
    "PROCEDURE": ("CREATE PROCEDURE", "it is not documented.", "Use an anonymous block."),
    "TRIGGER": ("CREATE TRIGGER", "it is not documented.", None),
}


def create(reader: Reader) -> Statement:
    """What follows CREATE."""
    replace = reader.accept("OR", "REPLACE")
    if reader.accept("VIEW"):
        return _view(reader, replace)
    if reader.accept("MODEL"):
        raise no_models("CREATE OR REPLACE MODEL" if replace else "CREATE MODEL")
    if replace:
        what = reader.name("VIEW").upper()
        raise not_supported(
            f"CREATE OR REPLACE {what}",
            "only views can be replaced.",
            instead="DROP TABLE first, or switch a view to a new table with CREATE OR REPLACE VIEW.",
        )
    if reader.accept("TABLE"):
        return _table(reader, temporary=False)
    if reader.accept("TEMP", "TABLE"):
        return _table(reader, temporary=True)
    if reader.accept("DATABASE"):
        if_not_exists = reader.accept("IF", "NOT", "EXISTS")
        name = reader.parts("a database")
        if reader.sees("WITH"):
            raise not_supported(
                "CREATE DATABASE ... WITH",
                "the local Query Service has no accelerated store.",
                instead="Write CREATE DATABASE name for a data group on the lake.",
            )
        return _ended(reader, CreateContainer("database", name, if_not_exists))
    if reader.accept("SCHEMA"):
        return _schema(reader)
    if reader.accept("NAMESPACE"):
        return _ended(reader, CreateNamespace(reader.name("a namespace"), _options(reader)))
    if reader.accept("FIELDGROUP"):
        return _field_group(reader)
    if reader.accept("AUDIENCE"):
        return _audience(reader)
    word = reader.next().upper
    if word in _NO_CREATE:
        kind, reason, instead = _NO_CREATE[word]
        raise not_supported(kind, reason, instead=instead)
    raise syntax_error(f"Syntax error: CREATE {word} is not a statement of Query Service.")


def _ended(reader: Reader, statement: Statement) -> Statement:
    reader.end()
    return statement


def _schema(reader: Reader) -> CreateContainer:
    if reader.sees("IF"):
        raise not_supported("CREATE SCHEMA IF NOT EXISTS", "the documented form is CREATE SCHEMA database.schema.")
    name = reader.parts("database.schema")
    reader.end()
    if len(name) != 2:
        raise not_supported(
            f"CREATE SCHEMA {name[0]}",
            "a schema belongs to a database.",
            instead="Write CREATE SCHEMA database.schema.",
        )
    return CreateContainer("schema", name, False)


def _view(reader: Reader, replace: bool) -> CreateView:
    if reader.sees("IF"):
        raise not_supported("CREATE VIEW IF NOT EXISTS", "it is not documented.", instead="Use CREATE OR REPLACE VIEW.")
    name = reader.parts("a view")
    if reader.sees("("):
        raise not_supported(
            "CREATE VIEW with a column list", "it is not documented.", instead="Give the columns aliases in the SELECT."
        )
    reader.expect("AS")
    return CreateView(name, _query(reader), replace)


def _table(reader: Reader, *, temporary: bool) -> CreateTable | CreateTableAs:
    if_not_exists = reader.accept("IF", "NOT", "EXISTS")
    name = reader.parts("a table")
    # In the form with columns the page puts the words behind the name.
    behind = not temporary and not if_not_exists and reader.accept("IF", "NOT", "EXISTS")
    if_not_exists = if_not_exists or behind
    columns: tuple[ColumnDefinition, ...] | None = None
    if behind and not reader.sees("("):
        raise reader.unexpected("a list of columns; CREATE TABLE IF NOT EXISTS name AS is the form with a SELECT")
    if reader.sees("("):
        columns = _columns(Reader(reader.parenthesised()))
    options = _options(reader) if reader.sees("WITH") else {}
    if reader.sees("TRANSFORM"):
        raise not_supported(
            "TRANSFORM in CREATE TABLE",
            "the local Query Service has no feature engineering functions.",
            instead="Compute the columns in the SELECT.",
        )
    if columns is not None:
        if temporary:
            raise not_supported("CREATE TEMP TABLE with columns", "the documented form is CREATE TEMP TABLE ... AS.")
        reader.end()
        return CreateTable(name, columns, if_not_exists, options)
    reader.expect("AS")
    return CreateTableAs(name, _query(reader), if_not_exists, temporary, options)


def _query(reader: Reader) -> str:
    if not any(reader.sees(word) for word in ("SELECT", "WITH", "VALUES", "(")):
        raise reader.unexpected("SELECT")
    return reader.rest()


def _options(reader: Reader) -> dict[str, str]:
    """WITH (key = value, ...), keys in lower case."""
    reader.expect("WITH")
    reader.expect("(")
    options: dict[str, str] = {}
    while True:
        key = reader.name("an option").lower()
        reader.expect("=")
        options[key] = reader.text("a value")
        if reader.accept(")"):
            return options
        reader.expect(",")


def _columns(reader: Reader) -> tuple[ColumnDefinition, ...]:
    definitions = [_column(reader)]
    while reader.accept(","):
        definitions.append(_column(reader))
    reader.end()
    return tuple(definitions)


def _column(reader: Reader) -> ColumnDefinition:
    name = reader.name("a column")
    type = _type(reader)
    identity = None
    primary = reader.accept("PRIMARY")
    if primary or reader.sees("IDENTITY"):
        if not (reader.accept("KEY") or reader.accept("IDENTITY")):
            raise reader.unexpected("KEY or IDENTITY")
        if not reader.accept("NAMESPACE"):
            raise syntax_error(f"The identity of column {name} needs a namespace: NAMESPACE 'code'.")
        identity = (reader.text("a namespace"), primary)
    if not reader.at_end and not reader.sees(","):
        raise reader.unexpected("a comma or the end of the column")
    return ColumnDefinition(name, type, identity)


def _type(reader: Reader) -> str:
    """The text of a type, parentheses and angle brackets included."""
    first = reader.next()
    start, end = first.start, first.end
    if first.upper == "DOUBLE" and reader.sees("PRECISION"):
        end = reader.next().end
    depth = 0
    while (token := reader.token) is not None:
        if depth == 0 and token.text not in ("(", "<"):
            break
        depth += {"(": 1, "<": 1, ")": -1, ">": -1}.get(token.text, 0)
        end = reader.next().end
    return reader.sql[start:end]


def _field_group(reader: Reader) -> CreateFieldGroup:
    """CREATE FIELDGROUP name [IF NOT EXISTS] (fields) WITH (LABEL='PROFILE')."""
    if reader.sees("IF"):
        raise syntax_error(
            "IF NOT EXISTS stands behind the name of a field group.",
            hint="Write CREATE FIELDGROUP name IF NOT EXISTS (...).",
        )
    name = reader.name("a field group")
    if_not_exists = reader.accept("IF", "NOT", "EXISTS")
    columns = _columns(Reader(reader.parenthesised()))
    if reader.at_end:
        raise syntax_error("CREATE FIELDGROUP needs WITH (LABEL='PROFILE').")
    options = _options(reader)
    reader.end()
    return CreateFieldGroup(name, columns, if_not_exists, options)


def _audience(reader: Reader) -> CreateAudience:
    if reader.sees("IF"):
        raise not_supported("CREATE AUDIENCE IF NOT EXISTS", "it is not documented.")
    name = reader.parts("an audience")
    options = _options(reader)
    reader.expect("AS")
    return CreateAudience(name, _query(reader), options)


_DROPS = ("TABLE", "VIEW", "AUDIENCE", "DATABASE", "SCHEMA", "TABLESAMPLE", "FIELDGROUP")


def drop(reader: Reader) -> Drop:
    """What follows DROP."""
    kind = reader.next().upper
    if kind == "MODEL":
        raise no_models("DROP MODEL")
    if kind not in _DROPS:
        raise not_supported(f"DROP {kind}", "it is not documented.")
    if_exists = reader.accept("IF", "EXISTS")
    if kind == "FIELDGROUP":
        # An id may begin with a digit or hold hyphens, so it is no name to the lexer.
        return Drop("fieldgroup", (_field_group_id(reader),), if_exists)
    name = reader.parts(f"the name of the {kind.lower()}")
    mode = ""
    if reader.sees("CASCADE") or reader.sees("RESTRICT"):
        mode = reader.next().upper
        if kind != "SCHEMA":
            raise not_supported(
                f"DROP {kind} ... {mode}", f"{mode} belongs to DROP SCHEMA.", instead=f"Write DROP {kind} name."
            )
    reader.end()
    return Drop(kind.lower(), name, if_exists, mode)


def _field_group_id(reader: Reader) -> str:
    written = reader.rest().strip("'\"`")
    if not re.fullmatch(r"[\w.:/#-]+", written):
        raise syntax_error(f"Syntax error: expected the id of a field group, seen {written[:80]!r}.")
    return written


def alter(reader: Reader) -> Statement:
    """What follows ALTER."""
    if reader.accept("VIEW"):
        return _group(reader, reader.parts("a view"))
    if not reader.accept("TABLE"):
        raise not_supported(f"ALTER {reader.next().upper}", "only tables and views are altered.")
    name = reader.parts("a table")
    if reader.sees("ADD", "SCHEMA") or reader.sees("REMOVE", "SCHEMA"):
        return _group(reader, name)
    if reader.accept("ADD", "COLUMN"):
        return AddColumns(name, _columns(reader))
    add = reader.accept("ADD")
    if not add and not reader.accept("DROP"):
        raise _no_alter(reader)
    if reader.accept("LABEL"):
        label = reader.text("'PROFILE' or 'UPSERT'").upper()
        reader.end()
        if label not in ("PROFILE", "UPSERT"):
            raise syntax_error(f"The labels are 'PROFILE' and 'UPSERT', not {label!r}.")
        return Label(name, add, label)
    return _constraint(reader, name, add)


def _no_alter(reader: Reader) -> QueryError:
    if reader.token is not None and reader.token.kind != "word":
        return reader.unexpected("ADD, DROP or the end of the name")
    word = reader.next().upper
    instead = {
        "RENAME": "Create a table of the new name, or point a view at it with CREATE OR REPLACE VIEW.",
        "SET": "An older page has SET SCHEMA; write ALTER TABLE t ADD SCHEMA database.schema.",
        "ALTER": "Types do not change; add a column of the new type.",
    }.get(word)
    return not_supported(f"ALTER TABLE {word}", "it is not documented.", instead=instead)


def _group(reader: Reader, name: tuple[str, ...]) -> DataGroup:
    add = reader.accept("ADD")
    if not add and not reader.accept("REMOVE"):
        raise not_supported(f"ALTER VIEW {reader.next().upper}", "views take ADD SCHEMA and REMOVE SCHEMA.")
    reader.expect("SCHEMA")
    schema = reader.parts("database.schema")
    reader.end()
    return DataGroup(name, add, schema)


def _constraint(reader: Reader, name: tuple[str, ...], add: bool) -> Constraint:
    worded = reader.accept("CONSTRAINT")
    if reader.accept("PRIMARY", "KEY"):
        kind = "primary key"
    elif reader.accept("FOREIGN", "KEY"):
        kind = "foreign key"
    elif worded and reader.accept("PRIMARY", "IDENTITY"):
        kind = "primary identity"
    elif worded and reader.accept("IDENTITY"):
        kind = "identity"
    else:
        word = reader.next().upper
        raise not_supported(
            f"ALTER TABLE {'ADD' if add else 'DROP'} {word}",
            "it is not documented." if word != "COLUMN" else "a column stays once it exists.",
            instead="Write NULL into a column that is no longer needed." if word == "COLUMN" else None,
        )
    columns = _names(reader)
    namespace, references = None, None
    if add and kind == "foreign key":
        reader.expect("REFERENCES")
        references = (reader.parts("a table")[-1], _names(reader))
    if add and worded and kind != "foreign key":
        if not reader.accept("NAMESPACE"):
            raise syntax_error(f"A {kind} needs a namespace: NAMESPACE 'code'.")
        namespace = reader.text("a namespace")
    if add and not worded:
        reader.expect("NOT", "ENFORCED")
    elif add and kind == "foreign key":
        reader.accept("NOT", "ENFORCED")
    reader.end()
    return Constraint(name, add, kind, columns, namespace, references)


def _names(reader: Reader) -> tuple[str, ...]:
    inside = Reader(reader.parenthesised())
    names = [".".join(inside.parts("a column"))]
    while inside.accept(","):
        names.append(".".join(inside.parts("a column")))
    inside.end()
    return tuple(names)
