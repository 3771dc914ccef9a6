"""Query Service: Spark SQL with Adobe's statements, on the PostgreSQL wire, over the lake."""

from __future__ import annotations

from local_platform.query_service.errors import QueryError
from local_platform.query_service.options import QueryOptions
from local_platform.query_service.service import Outcome, QueryService

__all__ = ["Outcome", "QueryError", "QueryOptions", "QueryService"]
