"""What is wrong with which rows: collected, counted, written down, never passed over."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from runner.errors import DataError

LISTED = 20
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass
class Problems:
    """Rows that cannot be loaded, with reasons. Row numbers count data rows from 1; the header is not counted.

    Args:
        numbers: the row number of each row that could be read.
    """

    numbers: Ints
    found: list[tuple[str, Ints]] = field(default_factory=list)
    """Reason, and the numbers of the rows it concerns."""

    def add(self, reason: str, rows: Bools) -> None:
        """Rows (a mask over the rows that could be read) that cannot be loaded."""
        if rows.any():
            self.found.append((reason, self.numbers[rows]))

    def add_numbers(self, reason: str, numbers: list[int]) -> None:
        """Row numbers that could not even be read."""
        if numbers:
            self.found.append((reason, np.array(numbers, dtype=np.int64)))

    @property
    def rows(self) -> Ints:
        """Numbers of all rows concerned, each once, ascending."""
        return np.unique(np.concatenate([rows for _, rows in self.found])) if self.found else np.empty(0, np.int64)

    def good(self) -> Bools:
        """Which of the rows that could be read have no problem."""
        return ~np.isin(self.numbers, self.rows)

    def by_reason(self) -> dict[str, int]:
        """Rows by reason, the most frequent first. A row with two reasons counts under both."""
        counts: dict[str, int] = {}
        for reason, rows in self.found:
            counts[reason] = counts.get(reason, 0) + int(rows.size)
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def listed(self, most: int | None = None) -> list[tuple[int, str]]:
        """(row number, reasons) in the order of the file."""
        reasons: dict[int, list[str]] = {}
        wanted = self.rows[:most]
        for reason, rows in self.found:
            for row in rows[np.isin(rows, wanted)].tolist():
                reasons.setdefault(row, []).append(reason)
        return [(row, "; ".join(reasons[row])) for row in sorted(reasons)]

    def write(self, path: Path) -> Path:
        """Write the complete list as CSV: row, reason."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.partial")
        with partial.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(["row", "reason"])
            writer.writerows(self.listed())
        partial.replace(path)
        return path

    def error(self, source: Path, total: int, complete_list: Path) -> DataError:
        """The refusal of the file: counts by reason, the first rows, and where all of them are listed."""
        counts = ", ".join(f"{n:,} x {reason}" for reason, n in self.by_reason().items())
        first = "; ".join(f"row {row}: {reason}" for row, reason in self.listed(LISTED))
        more = f"; and {self.rows.size - LISTED:,} more" if self.rows.size > LISTED else ""
        return DataError(
            f"{self.rows.size:,} of {total:,} rows of {source} cannot be loaded: {counts}. "
            f"Rows count from 1 after the header: {first}{more}. All of them: {complete_list}.",
            "Nothing was loaded. Correct the file, or load the other rows with --accept-bad-rows.",
        )
