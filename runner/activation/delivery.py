"""The audience files that a dataflow delivered to the landing zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pyarrow.csv as csv
import pyarrow.fs as fs

from runner.errors import DataError, PlatformError
from runner.platform import FlowRun, Platform
from runner.platform.landing_zone import LandingZoneFiles

_STAMP = re.compile(r"(\d{8}_\d{6})")


def delivered(platform: Platform, path: str, audience_id: str, run: FlowRun) -> tuple[tuple[str, ...], int]:
    """The files of one audience that one run of the dataflow wrote, and how many rows they hold together.

    Args:
        path: the dataflow's folder, below the root of the zone.
        run: the finished run.

    Raises:
        DataError: the run says that it wrote rows, and there is no file of it.
    """
    zone = platform.landing_zone.open()
    files = _of_run(_names(zone, path), audience_id, run)
    claimed = run.by_entity.get(f"segment:{audience_id}", run.output_records)
    if not files and claimed:
        raise DataError(
            f"Run {run.id} reports {claimed:,} delivered rows, but {path} has no file of audience {audience_id}.",
            "Files in the landing zone live seven days: reconcile within them.",
        )
    root = f"{zone.root}/"
    return tuple(f.removeprefix(root) for f in files), sum(_rows(zone, f) for f in files)


def _names(zone: LandingZoneFiles, path: str) -> list[str]:
    try:
        found = zone.filesystem.get_file_info(fs.FileSelector(zone.path(path), recursive=True, allow_not_found=True))
    except OSError as error:
        raise PlatformError(
            f"The landing zone refused to list {path}: {error}.",
            "Check the outgoing network, and AWS_ENDPOINT_URL_S3 where the zone is local.",
            service="Data Landing Zone",
        ) from None
    return sorted(str(info.path) for info in found if info.type == fs.FileType.File)


def _of_run(names: list[str], audience_id: str, run: FlowRun) -> list[str]:
    """Files whose name carries the audience and the newest time stamp not older than the run (it may split them)."""
    stamped = {n: s.group(1) for n in names if audience_id in n and n.endswith(".csv") and (s := _STAMP.search(n))}
    begun = datetime.fromtimestamp(run.created_ms / 1000, UTC).strftime("%Y%m%d_%H%M%S")
    since = {name: stamp for name, stamp in stamped.items() if stamp >= begun}
    # A later run has a later stamp: the first one not older than this run is its own.
    own = min(since.values(), default="")
    return [name for name, stamp in since.items() if stamp == own]


def _rows(zone: LandingZoneFiles, name: str) -> int:
    with zone.filesystem.open_input_stream(name) as stream, csv.open_csv(stream) as reader:
        return sum(batch.num_rows for batch in reader)
