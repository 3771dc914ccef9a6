"""A local stand-in for Adobe Experience Platform: a lake, Query Service on the Postgres wire, and the REST services.

Start it with ``python -m local_platform serve``. Everything listens on 127.0.0.1 only. What it approximates, and what
has never been compared with the real service, is listed in ``DIFFERENCES.md``.
"""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
