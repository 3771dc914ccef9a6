"""What the documentation promises of Query Service, as SQL and expected answers, for this server or a sandbox's.

    python -m local_platform conformance --dsn "host=... port=80 dbname=prod:all user=...@AdobeOrg sslmode=require"

Cases are plain files in `cases/`. `PGPASSWORD` holds the access token.
"""

from __future__ import annotations

from local_platform.conformance.runner import main

__all__ = ["main"]
