"""The one DuckDB of the service: in memory, two threads, a memory limit; spills into the lake's scratch directory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from local_platform.query_service.engine import pace
from local_platform.query_service.engine.udfs import register

_MACROS = Path(__file__).with_name("spark.sql")
_SETTINGS = {
    "TimeZone": "UTC",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "default_null_order": "NULLS_FIRST",
    "lambda_syntax": "DISABLE_SINGLE_ARROW",
    "arrow_large_buffer_size": False,
    # Freed memory is given back while the service waits for its next statement.
    "allocator_flush_threshold": "16MB",
    "allocator_background_threads": True,
}


def open_database(scratch: Path, *, threads: int, memory: str) -> Any:
    """A DuckDB connection with Spark's semantics loaded; sessions use its cursors.

    Args:
        scratch: where it may spill.
        memory: its limit, such as `2GB`.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    database = duckdb.connect(
        ":memory:", config={"threads": threads, "memory_limit": memory, "temp_directory": str(scratch)}
    )
    for name, value in _SETTINGS.items():
        database.execute(f"SET GLOBAL {name} = {value!r}")
    pace.allow(memory)
    register(database)
    database.execute(_MACROS.read_text())
    return database
