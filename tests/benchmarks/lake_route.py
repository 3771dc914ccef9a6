"""Rows into the lake and out of it again, against what a file system alone would take.

Ingest: events in XDM layout are written as Parquet and brought in by `runner.ingestion` (open, upload, complete, wait
until the batch is visible and its rows are counted), against writing the same Parquet and copying the file.
Download: the batch's files through Data Access (listed, downloaded, sizes and rows checked) and read into memory,
against copying the same files and reading them.

The local platform takes no documented delays here; the ratio is what the code itself costs.
"""

from __future__ import annotations

import shutil
import tempfile
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from runner.ingestion import ingest_parquet
from runner.local import local_platform
from runner.platform import Platform
from runner.settings import Settings
from runner.setup import apply, plan
from runner.synthetic import SyntheticSpec, generate
from runner.synthetic.files import events_to_xdm
from runner.xdm_shape import write_file
from tests.benchmarks.measuring import ROUNDS, Ratio, in_turn

TENANT = "acme"
_END = date(2026, 11, 9)
_EVENTS_PER_USER = 9  # A little fewer than a user has in 70 days.


def run(rows: int = 1_000_000, rounds: int = ROUNDS) -> list[Ratio]:
    """Compare both directions; each round ingests a batch of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-lake-") as folder:
        home = Path(folder)
        events = events_table(rows)
        settings = _settings(home)
        with local_platform(home / "platform", delays="none") as local:
            platform = Platform(local.connection())
            apply(plan(settings, platform))
            return _compare(platform, settings.datasets.events, events, home, rounds)


def _compare(platform: Platform, dataset: str, events: pa.Table, home: Path, rounds: int) -> list[Ratio]:
    batches: list[str] = []
    files: list[Path] = []

    def ingest(number: int) -> None:
        file = write_file(_as_of_round(events, number), home / f"ours-{number}.parquet")
        done = ingest_parquet(platform, dataset, [file], external_id=f"bench-{number}")
        assert done.rows == events.num_rows
        batches.append(done.batch_id)

    def write_and_copy(number: int) -> None:
        file = write_file(_as_of_round(events, number), home / f"plain-{number}.parquet")
        files.append(Path(shutil.copyfile(file, home / f"copied-{number}.parquet")))

    def download(number: int) -> None:
        parts = platform.access.download_batch(batches[number], home / f"downloaded-{number}")
        assert sum(pq.read_table(part.path).num_rows for part in parts) == events.num_rows

    def copy_and_read(number: int) -> None:
        copied = shutil.copyfile(files[number], home / f"read-{number}.parquet")
        assert pq.read_table(copied).num_rows == events.num_rows

    found = []
    for name, ours, reference, label in (
        ("ingest of events", ingest, write_and_copy, "Parquet write and copy"),
        ("download of events", download, copy_and_read, "copy and Parquet read"),
    ):
        ours_seconds, reference_seconds = in_turn(ours, reference, rounds)
        size = (home / "ours-0.parquet").stat().st_size
        found.append(
            Ratio(
                name,
                "the platform's route",
                label,
                ours_seconds,
                reference_seconds,
                "rows",
                events.num_rows,
                events.num_rows,
                details={"rows": events.num_rows, "megabytes": round(size / 1e6, 1)},
            )
        )
    return found


def events_table(rows: int) -> pa.Table:
    """Synthetic events in XDM layout, exactly so many."""
    events = generate(SyntheticSpec.ending(_END, users=200 + rows // _EVENTS_PER_USER)).events
    if events.num_rows < rows:
        raise RuntimeError(
            f"{events.num_rows:,} events were generated, {rows:,} are needed: lower the events expected of a user."
        )
    return events_to_xdm(events.slice(0, rows), TENANT)


def _as_of_round(events: pa.Table, number: int) -> pa.Table:
    """The same rows in another order, so that no round sends a file that was there before."""
    return pa.concat_tables([events.slice(number), events.slice(0, number)])


def _settings(home: Path) -> Settings:
    case = {"name": "bench", "title": "t", "target_event": "web.formFilledOut"}
    audience = {"name": "bench", "top_percent": 10}
    return Settings.model_validate({"state_dir": str(home / "state"), "use_cases": [{**case, "audience": audience}]})
