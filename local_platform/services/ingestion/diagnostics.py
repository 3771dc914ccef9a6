"""What remains of refused data: row errors, a sample of them, a list of the input files, and the failed files.

data_dir/diagnostics/{batch}/meta/row_errors/part-*.json   newline-delimited: the row, `_errors`, `_filename`
data_dir/diagnostics/{batch}/meta/row_errors_sample.json
data_dir/diagnostics/{batch}/meta/input_files/part-*.json
data_dir/diagnostics/{batch}/failed/                       the uploads of a failed batch
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Json = dict[str, Any]

# More than this many refused rows of one batch are counted but not written out.
MOST_ROWS = 100_000
_SAMPLE_ROWS = 100


class Diagnostics:
    """Diagnostics of one batch.

    Args:
        data_dir: the platform's.
        batch_id: whose.
    """

    def __init__(self, data_dir: Path, batch_id: str) -> None:
        self.root = data_dir / "diagnostics" / batch_id
        self.meta = self.root / "meta"
        self.failed = self.root / "failed"
        self._written = 0
        self._sample: list[Json] = []

    def write_rows(self, rows: Iterable[tuple[Any, list[Json]]], file_name: str) -> None:
        """Append refused rows of an input file: each row (text or content) with its errors."""
        directory = self.meta / "row_errors"
        lines: list[str] = []
        for row, errors in rows:
            if self._written >= MOST_ROWS:
                break
            content = row if isinstance(row, dict) else {"_corrupt_record": row}
            entry = {**content, "_errors": errors, "_filename": file_name}
            lines.append(json.dumps(entry, default=str))
            self._written += 1
            if len(self._sample) < _SAMPLE_ROWS:
                self._sample.append(json.loads(lines[-1]))
        if lines:
            directory.mkdir(parents=True, exist_ok=True)
            name = f"part-{self._written:05d}-{secrets.token_hex(8)}.json"
            (directory / name).write_text("\n".join(lines) + "\n", encoding="utf-8")

    def finish(self, inputs: list[tuple[str, Path]]) -> None:
        """Write the sample and the list of input files."""
        directory = self.meta / "input_files"
        directory.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps({"name": name, "sizeInBytes": path.stat().st_size}) for name, path in inputs]
        (directory / f"part-00000-{secrets.token_hex(8)}.json").write_text("\n".join(lines) + "\n", encoding="utf-8")
        if self._sample:
            text = "\n".join(json.dumps(entry) for entry in self._sample) + "\n"
            (self.meta / "row_errors_sample.json").write_text(text, encoding="utf-8")

    def keep_failed(self, inputs: list[tuple[str, Path]]) -> None:
        """Keep the uploads of a failed batch for download."""
        for name, path in inputs:
            target = self.failed / name
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, target)
