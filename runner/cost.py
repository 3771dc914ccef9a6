"""What a run costs in Query Service. Its answers say nothing of cost, so these are estimates, and called so.

Bytes, rows and batches come from `history_meta` before each model runs (macro count_cost), seconds from the run before
on this machine. Data Distiller is billed in compute hours of batch statements, which are not the same as elapsed time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from runner.workspace import write_json

START_SECONDS = 240
"""How long a batch statement takes to start on AEP: published runs took 200 to 475 seconds, most of it waiting."""
_FILE = "seconds_by_model.json"


def past_seconds(work_dir: Path) -> dict[str, float]:
    """How long each model took when a batch statement of it was last carried out here; empty where nothing is known."""
    try:
        found = json.loads((work_dir / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): float(seconds) for name, seconds in found.items()}


def keep_seconds(work_dir: Path, seconds_by_model: Mapping[str, float]) -> None:
    """Remember how long each model took, for the next run's estimate."""
    write_json(work_dir / _FILE, past_seconds(work_dir) | dict(seconds_by_model))


def cost_lines(read: Mapping[str, Mapping[str, int]], seconds: Mapping[str, float], batch_statements: int) -> list[str]:
    """Lines for people: what each model was to read, the sum, and how long waiting would take on AEP.

    Args:
        read: model to batches, rows and bytes, estimated.
        seconds: model to the seconds it took.
        batch_statements: CREATE TABLE AS and INSERT INTO that were carried out.
    """
    lines = [
        f"{name}: about {found['batches']:,} batches, {found['rows']:,} rows, {_size(found['bytes'])}, "
        f"{seconds.get(name, 0.0):.1f} s"
        for name, found in read.items()
    ]
    total = {key: sum(found[key] for found in read.values()) for key in ("batches", "rows", "bytes")}
    waiting = batch_statements * START_SECONDS / 60
    return [
        *lines,
        f"read in all (estimate): {total['rows']:,} rows, {_size(total['bytes'])}; {batch_statements} batch statements,"
        f" which at {START_SECONDS} s each wait about {waiting:.1f} min on AEP",
    ]


def _size(count: int) -> str:
    for unit, factor in (("GB", 10**9), ("MB", 10**6)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count / 1000:.0f} kB"
