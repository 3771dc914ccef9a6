"""The Postgres wire, protocol 3: TLS, clear-text password, simple and extended queries, cancel.

backend.py      what the wire asks of the SQL side (`Backend`, `SqlSession`, `Outcome`): the only meeting point
messages.py     bytes to messages and back
rows.py         record batches to DataRow messages, by column
certificate.py  the self-signed certificate
connection.py   one client's conversation
server.py       listening, TLS, cancel keys, threads
"""

from local_platform.query_service.wire.backend import Backend, Column, Outcome, SqlSession
from local_platform.query_service.wire.server import WireServer

__all__ = ["Backend", "Column", "Outcome", "SqlSession", "WireServer"]
