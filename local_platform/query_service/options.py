"""Limits and delays of the service; each one adjustable."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class QueryOptions:
    """What the service allows, in rows, seconds of the platform's clock, and sessions.

    Attributes:
        row_cap: rows of an interactive SELECT without a LIMIT of its own; LIMIT 0 lifts it.
        largest_limit: a LIMIT above it is refused with 53400.
        query_seconds: longest interactive query.
        batch_seconds: longest CTAS or INSERT.
        batch_start_seconds: how long a CTAS or INSERT waits before it starts.
        snapshot_seconds: age at which a snapshot's id is forgotten.
        sessions: open connections; one more is answered with `Session Limit Reached`.
        running: ad hoc queries at the same time; others wait.
        threads, memory: of the engine.
        batch_rows: rows of one encoded piece of a result.
    """

    row_cap: int = 50_000
    largest_limit: int = 100_000
    query_seconds: float = 600.0
    batch_seconds: float = 86_400.0
    batch_start_seconds: float = 0.0
    snapshot_seconds: float = 172_800.0
    sessions: int = 64
    running: int = 8
    threads: int = 2
    memory: str = "2GB"
    batch_rows: int = 6_144
    sandbox: str = "dev"
    tenant_id: str = "acme"
    org_id: str = ""

    @classmethod
    def of(cls, options: Any) -> QueryOptions:
        """From the platform's own options; `delays` "documented" makes batch statements wait their minutes."""
        if isinstance(options, cls):
            return options
        known = {name: getattr(options, name) for name in ("sandbox", "tenant_id", "org_id") if hasattr(options, name)}
        made = cls(**known)
        if getattr(options, "delays", "none") == "documented":
            # 200 to 475 s were published for a CTAS over a million events, most of it waiting to start.
            made = replace(made, batch_start_seconds=240.0)
        return made
