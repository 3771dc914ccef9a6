"""Statements Query Service does not have, by their first word, with the documented way to do it."""

from __future__ import annotations

from local_platform.query_service.errors import QueryError, not_supported, syntax_error

_APPEND = "Insert a new record and read the newest one of each key; tables are append-only."

_REFUSED: dict[str, tuple[str, str, str | None]] = {
    "UPDATE": ("UPDATE", "rows cannot be changed.", _APPEND),
    "DELETE": ("DELETE", "rows cannot be deleted.", "Remove batches through the API, or insert newer records."),
    "MERGE": ("MERGE INTO", "rows cannot be changed.", "Use INSERT INTO ... SELECT with an anti-join on the key."),
    "TRUNCATE": ("TRUNCATE", "it is not documented.", "Use DROP TABLE and CREATE TABLE AS."),
    "GRANT": ("GRANT", "it is not documented.", "Permissions are set in the Admin Console."),
    "REVOKE": ("REVOKE", "it is not documented.", "Permissions are set in the Admin Console."),
    "COMMENT": ("COMMENT ON", "it is not documented.", None),
    "VACUUM": ("VACUUM", "it is not documented.", None),
    "LOCK": ("LOCK TABLE", "it is not documented.", None),
    "ABORT": ("ABORT", "it is not documented.", "Use ROLLBACK."),
    "MSCK": ("MSCK REPAIR TABLE", "it is not documented.", None),
    "OPTIMIZE": ("OPTIMIZE", "it is not documented.", None),
    "ADD": ("ADD", "files cannot be added to a session.", None),
    "LIST": ("LIST", "it is not documented.", "Use SHOW TABLES."),
    "DISCARD": ("DISCARD", "it is not documented.", "Open a new connection."),
    "RESET": ("RESET", "it is not documented.", "Use SET key = value."),
    "SAVEPOINT": ("SAVEPOINT", "transactions have no effect on data.", None),
    "RELEASE": ("RELEASE SAVEPOINT", "transactions have no effect on data.", None),
    "MOVE": ("MOVE", "cursors are read with FETCH n.", None),
    "LISTEN": ("LISTEN", "it is not documented.", None),
    "UNLISTEN": ("UNLISTEN", "it is not documented.", None),
    "NOTIFY": ("NOTIFY", "it is not documented.", None),
    "REFRESH": ("REFRESH", "it is not documented.", None),
    "CLUSTER": ("CLUSTER", "it is not documented.", None),
    "REINDEX": ("REINDEX", "there are no indexes.", None),
    "CALL": ("CALL", "there are no procedures.", "Use an anonymous block: $$ BEGIN ... END $$."),
    "DO": ("DO", "it is not documented.", "Use an anonymous block: $$ BEGIN ... END $$."),
    "COPY": (
        "COPY to or from the client",
        "data does not leave through COPY.",
        "Read with LIMIT 0, through a cursor, or the dataset's files through the Data Access API.",
    ),
    "DESCRIBE": ("DESCRIBE", "it is not documented.", "Use SELECT * FROM t WHERE 1=0, or psql's \\d."),
    "DESC": ("DESCRIBE", "it is not documented.", "Use SELECT * FROM t WHERE 1=0, or psql's \\d."),
    "USE": ("USE", "it is not documented.", "Choose the database with dbname when connecting."),
    "CACHE": ("CACHE TABLE", "it is not documented.", None),
    "REPLACE": ("REPLACE", "it is not documented.", None),
    "UNLOAD": ("UNLOAD", "it is not documented.", None),
    "LOAD": ("LOAD DATA", "it is not documented.", "Ingest batches through the API."),
    "TABLE": ("TABLE", "it is not documented.", "Use SELECT * FROM t."),
    "FROM": ("A query that begins with FROM", "it is not documented.", "Begin with SELECT."),
}
_IN_BLOCKS = ("IF", "ELSEIF", "ELSE", "EXCEPTION", "RAISE")


def unknown(word: str) -> QueryError:
    """The refusal for a statement that begins with this word."""
    if word in _REFUSED:
        kind, reason, instead = _REFUSED[word]
        return not_supported(kind, reason, instead=instead)
    if word in _IN_BLOCKS:
        return syntax_error(
            f"Invalid command outside anonymous block: {word}.", hint="It belongs between $$ BEGIN and END $$."
        )
    return syntax_error(f"Syntax error: {word!r} does not begin a statement of Query Service.")
