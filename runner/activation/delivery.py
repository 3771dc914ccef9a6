"""The audience files that a dataflow delivered to the landing zone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.fs as fs

from runner.errors import DataError, PlatformError
from runner.export.hashing import Hashes, hash_rows
from runner.platform import FlowRun, Platform
from runner.platform.landing_zone import LandingZoneFiles

_STAMP = re.compile(r"(?<!\d)\d{8}_\d{6}(?!\d)")


@dataclass(frozen=True)
class Delivery:
    """What one run of the dataflow delivered for one audience.

    Args:
        files: paths below the root of the zone.
        rows: rows in all files together.
        identities: a 64-bit number for each row's identity, ascending; None when no column is the identity.
    """

    files: tuple[str, ...]
    rows: int
    identities: Hashes | None


def delivered(platform: Platform, path: str, audience_id: str, namespace: str, run: FlowRun) -> Delivery:
    """Read the files of one audience that one run of the dataflow wrote.

    Args:
        path: the dataflow's folder, below the root of the zone.
        namespace: of the person key; its column is called `identityMap.{namespace}`, or `{namespace}`.
        run: the finished run.

    Raises:
        DataError: the run says that it wrote rows, and there is no file of it.
    """
    zone = platform.landing_zone.open()
    begun = datetime.fromtimestamp(run.created_ms / 1000, UTC)
    files = files_of_run(_names(zone, path), audience_id, begun)
    claimed = run.by_entity.get(f"segment:{audience_id}", run.output_records)
    if not files and claimed:
        raise DataError(
            f"Run {run.id} reports {claimed:,} delivered rows, but {path} has no file of audience {audience_id}.",
            "Files in the landing zone live seven days: reconcile within them.",
        )
    rows, identities = 0, list[Hashes]()
    for batch in (b for f in files for b in _rows(zone, f)):
        rows += batch.num_rows
        if (column := _identity(batch.schema.names, namespace)) is not None:
            identities.append(hash_rows(batch, [column]))
    known = np.sort(np.concatenate(identities)) if identities else None
    return Delivery(tuple(f.removeprefix(f"{zone.root}/") for f in files), rows, known)


def _identity(columns: list[str], namespace: str) -> str | None:
    wanted = (f"identitymap.{namespace}".lower(), namespace.lower())
    return next((c for c in columns if c.lower() in wanted), None)


def _names(zone: LandingZoneFiles, path: str) -> list[str]:
    try:
        found = zone.filesystem.get_file_info(fs.FileSelector(zone.path(path), recursive=True, allow_not_found=True))
    except OSError as error:
        raise PlatformError(
            f"The landing zone refused to list {path}: {zone.said(error)}.",
            "Check the outgoing network, and AWS_ENDPOINT_URL_S3 where the zone is local.",
            service="Data Landing Zone",
        ) from None
    return sorted(str(info.path) for info in found if info.type == fs.FileType.File)


def files_of_run(names: list[str], audience_id: str, begun: datetime) -> list[str]:
    """Files whose name carries the audience and the first time stamp not older than the run (it may split them).

    Args:
        begun: when the run began, UTC.
    """
    stamped = dict[str, str]()
    for name in (n for n in names if audience_id in n and n.endswith(".csv")):
        # Behind the id: one that ends in eight digits looks like the date of a stamp itself.
        if (found := _STAMP.search(name.rpartition(audience_id)[2])) is not None:
            stamped[name] = found.group()
    since = {name: stamp for name, stamp in stamped.items() if stamp >= f"{begun:%Y%m%d_%H%M%S}"}
    # A later run has a later stamp: the first one not older than this run is its own.
    own = min(since.values(), default="")
    return [name for name, stamp in since.items() if stamp == own]


def _rows(zone: LandingZoneFiles, name: str) -> Iterator[pa.RecordBatch]:
    """The rows of a file, every value as text: identities are never coerced."""
    try:
        with zone.filesystem.open_input_stream(name) as stream:
            header = csv.open_csv(stream).schema.names
        as_text = csv.ConvertOptions(column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False)
        with zone.filesystem.open_input_stream(name) as stream, csv.open_csv(stream, convert_options=as_text) as reader:
            yield from reader
    except pa.ArrowInvalid as error:
        raise DataError(
            f"{name} cannot be read as CSV: {error}.",
            "Values with quotes or line ends inside are escaped in a way that is not read here: look at the file.",
        ) from None
    except OSError as error:
        raise PlatformError(
            f"{name} could not be read from the landing zone: {zone.said(error)}.",
            "Run the step again; it fetches credentials anew.",
            service="Data Landing Zone",
        ) from None
