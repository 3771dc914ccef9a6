"""`make bench`: run the comparisons, print a line for each, and write .bench/results.json."""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks import generator, lake_route, night, query_read, start_up
from tests.benchmarks.measuring import ROUNDS, CannotRunHere, Ratio

RESULTS = Path(".bench/results.json")
ROWS, FULL_ROWS = 200_000, 500_000
EVENTS = 1_000_000


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help=f"rows of the wide result (default {ROWS:,})")
    parser.add_argument("--full", action="store_true", help=f"the wide result with {FULL_ROWS:,} rows")
    parser.add_argument("--events", type=int, default=EVENTS, help=f"rows ingested (default {EVENTS:,})")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"rounds of each side (default {ROUNDS})")
    parser.add_argument(
        "--only", choices=("query", "lake", "generator", "start-up", "night"), action="append", help="may be repeated"
    )
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args(arguments)
    rows = FULL_ROWS if given.full else given.rows
    comparisons: dict[str, Callable[[], list[Ratio]]] = {
        "query": lambda: query_read.run(rows, given.rounds),
        "lake": lambda: lake_route.run(given.events, given.rounds),
        "generator": lambda: generator.run(rounds=given.rounds),
        "start-up": lambda: start_up.run(given.rounds),
        "night": night.run,
    }
    ratios: list[Ratio] = []
    skipped: dict[str, str] = {}
    try:
        for name in given.only or comparisons:
            try:
                found = comparisons[name]()
            except CannotRunHere as reason:
                skipped[name] = str(reason)
                print(f"{name}: skipped. {reason}", flush=True)
                continue
            for ratio in found:
                print(ratio.line(), flush=True)
            ratios += found
    finally:
        write(given.out, ratios, skipped)


def write(path: Path, ratios: Sequence[Ratio], skipped: dict[str, str]) -> None:
    """results.json: machine and time, what was measured, what was not and why."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"machine": machine(), "ratios": [r.record() for r in ratios], "skipped": skipped}
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(f"Written to {path}")


def machine() -> dict[str, Any]:
    """What the figures were measured on, and how busy it was."""
    return {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "processor": platform.machine(),
        "python": platform.python_version(),
        "load_over_15_5_and_1_minutes": [round(load, 1) for load in reversed(os.getloadavg())],
    }


if __name__ == "__main__":
    main()
