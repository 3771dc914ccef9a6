"""The documented functions. What is not registered here does not exist."""

from __future__ import annotations

from local_platform.query_service.compiler.functions import (  # noqa: F401 - importing registers
    aggregates,
    conversion,
    dates,
    json,
    lambdas,
    lists,
    maps,
    math,
    neighbours,
    offsets,
    rows,
    sessions,
    sketches,
    text,
    xml,
)
from local_platform.query_service.compiler.functions.registry import find, names

__all__ = ["find", "names"]
