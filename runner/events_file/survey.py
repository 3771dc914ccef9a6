"""What a file of events holds, before anything is decided about it: event types, and columns with numbers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from runner.events_file.problems import Problems
from runner.events_file.reading import REQUIRED, read_raw
from runner.events_file.values import further_column
from runner.xdm_paths import column_kind


@dataclass(frozen=True)
class Survey:
    """A first look: nothing is refused for its rows here.

    Args:
        event_types: with their counts, the most frequent first; empty ones left out.
        number_columns: further columns that will be numbers, by the name they have in the file.
    """

    event_types: dict[str, int]
    number_columns: tuple[str, ...]


def survey(path: Path, tenant: str = "tenant", identity_path: str = "_{tenant}.userId") -> Survey:
    """Look at a Parquet or CSV file with the same eyes as `read_events`, so that both find the same types.

    Args:
        tenant: id without underscore; only needed where columns spell it out instead of writing `_{tenant}`.

    Raises:
        DataError: the file cannot be read, lacks a required column, or a column is no XDM path.
    """
    raw = read_raw(path)
    numbers = []
    for name in raw.table.column_names:
        if name not in REQUIRED:
            prescribed = column_kind(name, tenant, identity_path)
            kind, _ = further_column(name, raw.table[name], raw.text, prescribed, Problems(raw.problems.numbers))
            if kind in ("double", "integer"):
                numbers.append(name)
    found = {
        str(p["values"]): int(p["counts"]) for p in raw.table["event_type"].value_counts().to_pylist() if p["values"]
    }
    return Survey(dict(sorted(found.items(), key=lambda item: (-item[1], item[0]))), tuple(numbers))
