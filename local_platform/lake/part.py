"""What the parts of the lake share: the catalog, the clock and the directories."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from local_platform.clock import Clock
from local_platform.database import Database


class Part:
    """Base of the lake's parts.

    Args:
        data_dir: the platform's directory; the lake lives in `lake/`, uploads in `staging/`, scratch files in `tmp/`.
        clock: stamps every record.
        database: the catalog; opened in `data_dir` when not given.
    """

    def __init__(self, data_dir: Path, clock: Clock, database: Database | None = None) -> None:
        self.data_dir = data_dir
        self.clock = clock
        self.database = database or Database(data_dir / "catalog.sqlite")
        self.root = data_dir / "lake"
        self.staging_root = data_dir / "staging"
        self.scratch_root = data_dir / "tmp"
        for directory in (self.root, self.staging_root, self.scratch_root):
            directory.mkdir(parents=True, exist_ok=True)


def encode(value: Any) -> str:
    """JSON text for a catalog column."""
    return json.dumps(value, separators=(",", ":"))
