"""What an export leaves behind: a directory that is complete or not there, with a card that says what it holds.

out_dir/
  part-00000.parquet …   that run's rows, the contract's columns
  manifest.json          the dbt manifest the contract was read from
  export.json            the card: route, dataset, run, batches read, rows, fingerprint
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pyarrow as pa

CARD = "export.json"
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Exported:
    """One run's rows as Parquet files.

    Args:
        files: the Parquet files (paths as text), in order.
        rows: rows in them, equal to count(*) of the run in SQL.
        route: "data_access" or "landing_zone", the route that was really taken.
        dataset: name of the dataset.
        run_id: the only run in the files.
        batches: ids of the batches that held the run's rows; for the landing zone, of all that were visible.
        columns: the contract's columns, in order.
        fingerprint: of the columns, run, rows and content; equal for equal content.
        note: why another route than the one asked for was taken; empty otherwise.
    """

    files: tuple[str, ...]
    rows: int
    route: str
    dataset: str
    run_id: str
    batches: tuple[str, ...]
    columns: tuple[str, ...] = ()
    fingerprint: str = ""
    note: str = ""

    @property
    def directory(self) -> Path:
        """Where the files are."""
        return Path(self.files[0]).parent


def read_card(directory: Path) -> Exported | None:
    """The export in `directory` when it is complete, else None."""
    try:
        card: dict[str, Any] = json.loads((directory / CARD).read_text(encoding="utf-8"))
        parts = card.pop("parts")
        sizes = card.pop("bytes")
        found = tuple(str(directory / name) for name in parts)
        if [os.path.getsize(f) for f in found] != sizes:
            return None
        for several in ("batches", "columns"):
            card[several] = tuple(card[several])
        return Exported(files=found, **card)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_card(directory: Path, exported: Exported) -> None:
    """Write the card. Always the last file: a directory with a card whose sizes match is complete."""
    card = asdict(exported)
    files = [Path(name) for name in card.pop("files")]
    card["parts"] = [f.name for f in files]
    card["bytes"] = [f.stat().st_size for f in files]
    (directory / CARD).write_text(json.dumps(card, indent=2, sort_keys=True) + "\n", encoding="utf-8")


@contextmanager
def staged(out_dir: Path) -> Iterator[Path]:
    """A directory beside `out_dir` that becomes `out_dir` when the block ends well, and vanishes when it does not."""
    out_dir.parent.mkdir(parents=True, exist_ok=True)
    _sweep(out_dir)
    stage = Path(mkdtemp(prefix=f".{out_dir.name}-", dir=out_dir.parent))
    try:
        yield stage
        if out_dir.exists():
            # rename() cannot replace a directory that is not empty, so the old one steps aside first.
            old = Path(mkdtemp(prefix=f".{out_dir.name}-", dir=out_dir.parent))
            os.replace(out_dir, old / "old")
            os.replace(stage, out_dir)
            shutil.rmtree(old, ignore_errors=True)
        else:
            os.replace(stage, out_dir)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def moved(exported: Exported, directory: Path) -> Exported:
    """The same export after its directory was renamed to `directory`."""
    files = tuple(str(directory / Path(name).name) for name in exported.files)
    return Exported(**{**asdict(exported), "files": files})


def fingerprint_of(run_id: str, columns: Sequence[str], rows: int, content: int) -> str:
    """Short text that is equal for exports of the same run with the same columns and rows, in any order."""
    text = json.dumps([run_id, list(columns), rows, content])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def column_type(data_type: str) -> pa.DataType | None:
    """The Arrow type of a column declared with this SQL type in the contract; None for a type we leave as it is."""
    word = data_type.lower().split("(")[0].strip()
    return _TYPES.get(word)


_TYPES: dict[str, pa.DataType] = {
    **dict.fromkeys(("text", "string", "varchar", "character varying", "char"), pa.string()),
    **dict.fromkeys(("int", "integer", "int4", "smallint", "short", "tinyint", "byte"), pa.int32()),
    **dict.fromkeys(("bigint", "int8", "long"), pa.int64()),
    **dict.fromkeys(("double", "double precision", "float", "float8", "real"), pa.float64()),
    **dict.fromkeys(("boolean", "bool"), pa.bool_()),
    **dict.fromkeys(("timestamp", "timestamp without time zone", "timestamptz"), pa.timestamp("ms", tz="UTC")),
    "date": pa.date32(),
}


def _sweep(out_dir: Path) -> None:
    for left in out_dir.parent.glob(f".{out_dir.name}-*"):
        kept = left / "old"
        if kept.is_dir() and not out_dir.exists():
            os.replace(kept, out_dir)
        shutil.rmtree(left, ignore_errors=True)
