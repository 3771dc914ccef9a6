"""A small key-value store of JSON documents, for the objects of services that are not data (schemas, flows, audiences).

It shares the lake's SQLite file, so that a service can change a document and the lake in one transaction.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local_platform.clock import Clock
from local_platform.database import Database

Json = dict[str, Any]


@dataclass(frozen=True)
class Document:
    """One stored object. `etag` is without quotes and changes with every write; times are epoch milliseconds."""

    collection: str
    id: str
    body: Json
    etag: str
    created_ms: int
    updated_ms: int


class EtagMismatch(Exception):
    """The document was changed since its etag was read.

    Args:
        expected: etag the caller saw.
        actual: etag it has now.
    """

    def __init__(self, expected: str, actual: str) -> None:
        super().__init__(f"The document has etag {actual}, not {expected}: read it again and repeat the change.")
        self.expected = expected
        self.actual = actual


class Documents:
    """Collections of JSON objects by id.

    Args:
        database: where they live.
        clock: stamps `created_ms` and `updated_ms`.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def get(self, collection: str, id: str) -> Document | None:
        """The document, or None."""
        row = self._database.row("SELECT * FROM documents WHERE collection = ? AND id = ?", (collection, id))
        return None if row is None else _document(row)

    def all(self, collection: str) -> list[Document]:
        """All documents of a collection, oldest first."""
        sql = "SELECT * FROM documents WHERE collection = ? ORDER BY sequence"
        return [_document(row) for row in self._database.rows(sql, (collection,))]

    def find(self, collection: str, predicate: Callable[[Json], bool]) -> list[Document]:
        """The documents whose body satisfies the predicate, oldest first."""
        return [document for document in self.all(collection) if predicate(document.body)]

    def put(self, collection: str, id: str, body: Json, *, if_match: str | None = None) -> Document:
        """Insert or replace.

        Args:
            if_match: etag the stored document must still have (quotes are ignored).

        Raises:
            EtagMismatch: when it has another one, or the document is gone.
        """
        now = self._clock.now_ms()
        etag = secrets.token_hex(8) + "-" + secrets.token_hex(4)
        with self._database.write() as connection:
            stored = self.get(collection, id)
            if if_match is not None and (stored is None or stored.etag != if_match.strip('"')):
                raise EtagMismatch(if_match, stored.etag if stored else "none")
            created = stored.created_ms if stored else now
            connection.execute(
                "INSERT INTO documents VALUES (?1, ?2, ?3, ?4, ?5, ?6, "
                "(SELECT coalesce(max(sequence), 0) + 1 FROM documents WHERE collection = ?1)) "
                "ON CONFLICT (collection, id) DO UPDATE SET body = excluded.body, etag = excluded.etag, "
                "updated_ms = excluded.updated_ms",
                (collection, id, json.dumps(body), etag, created, now),
            )
        return Document(collection, id, body, etag, created, now)

    def update(
        self, collection: str, id: str, change: Callable[[Json], Json], *, if_match: str | None = None
    ) -> Document:
        """Read, change and write in one transaction.

        Raises:
            KeyError: when there is no such document.
            EtagMismatch: see `put`.
        """
        with self._database.write():
            stored = self.get(collection, id)
            if stored is None:
                raise KeyError(f"{collection}/{id}")
            return self.put(collection, id, change(stored.body), if_match=if_match)

    def delete(self, collection: str, id: str) -> bool:
        """Remove; False when there was nothing to remove."""
        with self._database.write() as connection:
            sql = "DELETE FROM documents WHERE collection = ? AND id = ?"
            return connection.execute(sql, (collection, id)).rowcount > 0


def _document(row: Any) -> Document:
    body = json.loads(row["body"])
    return Document(row["collection"], row["id"], body, row["etag"], row["created_ms"], row["updated_ms"])
