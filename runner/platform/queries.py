"""Query Service's REST side: where and how to log in with SQL."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import SecretStr

from runner.platform.documents import mapping, need, text, whole
from runner.platform.library import LibraryName
from runner.platform.service import Service


@dataclass(frozen=True)
class SqlLogin:
    """Connection parameters for a Postgres client; the password is the access token and expires with it."""

    host: str
    port: int
    dbname: str
    user: str
    password: SecretStr


class Queries(Service):
    """Query Service."""

    title = "Query Service"
    library_name: LibraryName = "queries"

    def login(self) -> SqlLogin:
        """Fresh connection parameters.

        Raises:
            PermissionDenied: the client lacks 'Manage Queries'.
        """
        what = "Query Service to connection_parameters"
        answer = mapping(self.call(self.library.connection), what)
        return SqlLogin(
            host=text(answer, "host", what),
            port=whole(need(answer, "port", what)),
            dbname=text(answer, "dbName", what),
            user=text(answer, "username", what),
            password=SecretStr(text(answer, "token", what)),
        )
