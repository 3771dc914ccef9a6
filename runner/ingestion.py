"""Files into a dataset, exactly once per external id.

A batch is found again by its external id after any crash and continued from the state it is in. What was sent is
compared with what arrived; a failed batch's own diagnostics are in the error.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from runner.errors import Conflict, DataError, PlatformTimeout
from runner.platform import Batch, Dataset, Platform
from runner.platform.batch_ingestion import MAX_FILE_BYTES
from runner.platform.catalog import BatchState
from runner.platform.data_access import parquet_rows

CONTENT_TAG = "propensity/content"
"""Tag that holds a fingerprint of what was sent, so that a repeat with other content is noticed."""
MAX_FILES = 1500
_RANK: tuple[BatchState, ...] = ("failed", "gone", "open", "waiting", "success")
"""Of several batches with one external id (an answer was lost) the one that got furthest counts."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Ingested:
    """What became of an ingestion. `created` is False when the same content had arrived before."""

    batch_id: str
    rows: int
    created: bool
    external_id: str = ""


@dataclass(frozen=True)
class Waiting:
    """How a batch is polled; seconds. Adobe asks for patience: the delay grows to half a minute."""

    first: float = 0.3
    factor: float = 1.5
    longest: float = 30
    deadline: float = 3600
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


def ingest_parquet(
    platform: Platform,
    dataset_name: str,
    files: Sequence[Path],
    *,
    external_id: str,
    tags: Mapping[str, Sequence[str]] | None = None,
    replaces: Sequence[str] = (),
    wait: bool = True,
    waiting: Waiting | None = None,
    progress: Progress | None = None,
) -> Ingested:
    """Bring Parquet files (XDM layout, times in milliseconds) into a dataset as one batch, and wait until it is there.

    Running it again with the same external id and content changes nothing; with other content it replaces what was
    sent before. Later attempts are called `{external_id}-r2`, `-r3` ...; a name that is taken in another sandbox gets
    the end of the dataset's id.

    Args:
        external_id: our name of the batch, unique in the organisation.
        tags: put on the batch, with a fingerprint of the content.
        replaces: ids of batches that leave the lake when this one succeeds.
        wait: False returns as soon as the batch is complete and queued; whether it succeeds is then not known.
        progress: called with one line per thing that happens.

    Raises:
        DataError: the batch failed, or other rows arrived than were sent; the message holds the diagnostics.
        PlatformTimeout: it did not finish in time; running it again goes on waiting for the same batch.
        NotFound: there is no such dataset.
    """
    dataset = platform.catalog.dataset_named(dataset_name)
    job = _Job(platform, dataset, (waiting or Waiting()) if wait else None, progress or _quiet)
    return job.run(list(files), external_id, dict(tags or {}), tuple(replaces))


class _Job:
    """One ingestion: dataset, patience and progress at hand."""

    def __init__(self, platform: Platform, dataset: Dataset, waiting: Waiting | None, progress: Progress) -> None:
        self.platform = platform
        self.dataset = dataset
        self.waiting = waiting
        self.progress = progress

    def run(
        self, files: list[Path], external_id: str, tags: dict[str, Sequence[str]], replaces: tuple[str, ...]
    ) -> Ingested:
        rows = sum(parquet_rows(file) for file in files)
        if rows == 0:
            raise DataError(
                f"There are no rows to ingest into '{self.dataset.name}' (batch {external_id}).",
                "An empty batch fails in the platform: look at the step before this one.",
            )
        content = fingerprint(files)
        tags = tags | {CONTENT_TAG: [content]}
        own_name = f"{external_id}-{self.dataset.id[-6:]}"
        attempts = self._attempts(external_id)
        if not attempts and (under_own_name := self._attempts(own_name)):
            external_id, attempts = own_name, under_own_name
        newest = attempts[-1] if attempts else None
        if newest is not None and newest.state == "waiting":
            if self.waiting is None and _same(newest, content, None):
                return Ingested(newest.id, rows, created=False, external_id=newest.external_id)
            self.progress(f"batch {newest.id} ({newest.external_id}) is under way: waiting for it")
            newest = self._finished(newest.id)
        if newest is not None and newest.state == "success" and _same(newest, content, rows):
            self._check(newest, rows)
            return Ingested(newest.id, rows, created=False, external_id=newest.external_id)
        if newest is not None and newest.state == "open":
            if _same(newest, content, None):
                self.progress(f"continuing batch {newest.id} ({newest.external_id})")
                return self._fill(newest.id, newest.external_id, files, rows)
            self.platform.ingestion.act(newest.id, "ABORT")
        visible = {b.id for b in attempts if b.state == "success"}
        visible |= {newest.id} if newest is not None and newest.state == "success" else set()
        replaced = (*replaces, *sorted(visible - set(replaces)))
        name = _attempt_name(external_id, len(attempts) + 1)
        try:
            batch_id = self._open(name, tags, replaced)
        except Conflict:
            if attempts:
                raise
            # The name is taken where we cannot look: external ids are the organisation's, look-ups the sandbox's.
            name = own_name
            batch_id = self._open(name, tags, replaced)
        return self._fill(batch_id, name, files, rows)

    def _attempts(self, external_id: str) -> list[Batch]:
        """The batches of this external id and its later attempts, in order, as far as Catalog knows them."""
        found: list[Batch] = []
        while True:
            batch = self._batch_called(_attempt_name(external_id, len(found) + 1))
            if batch is None:
                return found
            found.append(batch)

    def _batch_called(self, external_id: str) -> Batch | None:
        catalog = self.platform.catalog
        found = list(catalog.batches(dataset_id=self.dataset.id, external_id=external_id))
        return max(found, key=lambda b: (_RANK.index(b.state), b.created_ms), default=None)

    def _open(self, external_id: str, tags: Mapping[str, Sequence[str]], replaces: Sequence[str]) -> str:
        """Open a batch; after a lost answer it is looked for by its external id before another is opened."""
        service = self.platform.ingestion

        def find() -> str | None:
            batch = self._batch_called(external_id)
            return batch.id if batch is not None else None

        def make() -> str:
            return service.open_batch(self.dataset.id, external_id=external_id, tags=tags, replaces=replaces)

        batch_id = service.once(find, make, f"batch '{external_id}'")
        self.progress(f"opened batch {batch_id} ({external_id}) in {self.dataset.name}")
        return batch_id

    def _fill(self, batch_id: str, external_id: str, files: Sequence[Path], rows: int) -> Ingested:
        service = self.platform.ingestion
        with ExitStack() as stack:
            pieces = [piece for file in files for piece in _pieces(file, stack)]
            if len(pieces) > MAX_FILES:
                raise DataError(
                    f"{len(pieces)} files are more than the {MAX_FILES} a batch may have.",
                    "Write fewer, larger files (up to 256 MB each).",
                )
            for number, piece in enumerate(pieces):
                service.soon(
                    lambda name=f"part-{number:05d}.parquet", piece=piece: service.upload(  # type: ignore[misc]
                        batch_id, self.dataset.id, name, piece
                    )
                )
        service.act(batch_id, "COMPLETE")
        if self.waiting is None:
            return Ingested(batch_id, rows, created=True, external_id=external_id)
        self.progress(f"sent {rows:,} rows in {len(pieces)} files; waiting for batch {batch_id}")
        batch = self._finished(batch_id)
        if batch.state != "success":
            raise self._failure(batch, rows)
        self._check(batch, rows)
        return Ingested(batch_id, rows, created=True, external_id=external_id)

    def _finished(self, batch_id: str) -> Batch:
        """Poll with a growing delay until the batch is final."""
        waiting, catalog = self.waiting or Waiting(), self.platform.catalog
        begun, delay, said = waiting.clock(), waiting.first, ""
        while True:
            batch = self.platform.ingestion.soon(lambda: catalog.batch(batch_id))
            if batch.state not in ("waiting", "open"):
                return batch
            if batch.reported != said:
                said = batch.reported
                self.progress(f"batch {batch_id}: {said}")
            if waiting.clock() - begun + delay > waiting.deadline:
                raise PlatformTimeout(
                    f"Batch {batch_id} of '{self.dataset.name}' is still '{batch.reported}' after "
                    f"{waiting.deadline:.0f} s.",
                    "Run the step again later: it finds the batch and goes on waiting. A batch that stays "
                    "'stalled' needs Adobe's support.",
                    service="Batch Ingestion",
                )
            waiting.sleep(delay)
            delay = min(waiting.longest, delay * waiting.factor)

    def _check(self, batch: Batch, rows: int) -> None:
        """`success` is not "all rows in": compare what arrived with what was sent."""
        arrived = batch.output_records
        if arrived is None:
            arrived = sum(file.records for file in self.platform.access.files(batch.id))
        if arrived == rows and not batch.failed_records:
            return
        raise DataError(
            f"Batch {batch.id} of '{self.dataset.name}' succeeded with {arrived:,} of {rows:,} rows "
            f"({batch.failed_records or 0} failed).{self._diagnostics(batch)}",
            "Correct the rows the diagnostics name and run the step again: the corrected batch replaces this one.",
        )

    def _failure(self, batch: Batch, rows: int) -> DataError:
        return DataError(
            f"Batch {batch.id} ({batch.external_id}) of '{self.dataset.name}' with {rows:,} rows ended as "
            f"'{batch.reported}'; none of them is visible.{self._diagnostics(batch)}",
            "Correct what the diagnostics name and run the step again: it opens a new batch.",
        )

    def _diagnostics(self, batch: Batch) -> str:
        said = [f"{e.code} {e.description}".strip() for e in batch.errors]
        rows = self.platform.access.row_errors(batch.id)
        lines = [*said[:5], *(f"row error {r}" for r in rows[:10])]
        return f" Diagnostics: {'; '.join(lines).rstrip('.')}." if lines else " The platform gives no diagnostics."


def fingerprint(files: Sequence[Path]) -> str:
    """A digest of the content of files, in their order."""
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as source:
            while block := source.read(1 << 20):
                digest.update(block)
        digest.update(b"|")
    return digest.hexdigest()[:32]


def _attempt_name(external_id: str, number: int) -> str:
    return external_id if number == 1 else f"{external_id}-r{number}"


def _same(batch: Batch, content: str, rows: int | None) -> bool:
    """Whether a batch holds this content; without the tag (not ours, or lost) the row count must do."""
    tagged = batch.tags.get(CONTENT_TAG)
    if tagged:
        return tagged[0] == content
    return rows is not None and batch.output_records == rows


def _pieces(file: Path, stack: ExitStack, limit: int = MAX_FILE_BYTES) -> list[Path]:
    """The file itself, or, when it is over the limit for one request, pieces of it by rows."""
    import pyarrow.parquet as pq

    size = file.stat().st_size
    if size <= limit:
        return [file]
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="propensity-")))
    source = pq.ParquetFile(file)
    per_piece = max(1, int(source.metadata.num_rows * limit * 0.7 / size))
    made: list[Path] = []
    writer, written = None, 0
    for batch in source.iter_batches(batch_size=min(65_536, per_piece)):
        if writer is None or written + batch.num_rows > per_piece:
            if writer is not None:
                writer.close()
            made.append(folder / f"piece-{len(made):05d}.parquet")
            writer, written = pq.ParquetWriter(made[-1], source.schema_arrow, coerce_timestamps="ms"), 0
        writer.write_batch(batch)
        written += batch.num_rows
    if writer is not None:
        writer.close()
    return made


def _quiet(_line: str) -> None:
    return
