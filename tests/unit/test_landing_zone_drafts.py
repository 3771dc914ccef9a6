"""Expiry looks at what is stored; what is being written at that moment is not its business."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local_platform.clock import Clock
from local_platform.database import Database
from local_platform.landing_zone import LandingZone
from local_platform.landing_zone.azure import Azure
from local_platform.landing_zone.s3 import S3
from tests.integration.azurite_here import FLAVOURS, need

STORAGE: dict[str, Callable[[Path], S3 | Azure]] = {"s3": S3, "azure": Azure}


@contextmanager
def zone_of(folder: Path, flavour: str) -> Iterator[LandingZone]:
    storage = STORAGE[need(flavour)](folder)
    zone = LandingZone(folder, Clock(Database(folder / "catalog.sqlite")), storage).start()
    try:
        yield zone
    finally:
        zone.stop()


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_expiry_leaves_an_object_alone_that_is_being_written(tmp_path: Path, flavour: str) -> None:
    with zone_of(tmp_path, flavour) as zone:

        def fill(draft: Path) -> None:
            draft.write_bytes(b"rows")
            zone.expire()
            assert zone.keys("dlz-destination") == []

        assert zone.write("dlz-destination", "export/part-00000.parquet", fill) == 4
        assert zone.read("dlz-destination", "export/part-00000.parquet") == b"rows"


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_draft_of_a_killed_process_is_gone_after_a_restart(tmp_path: Path, flavour: str) -> None:
    left = tmp_path / "landing_zone" / "dlz-destination" / ".part-00000.parquet.1234"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    (left.parent / "whole.csv").write_bytes(b"rows")
    with zone_of(tmp_path, flavour) as zone:
        assert zone.keys("dlz-destination") == ["whole.csv"]
        assert not left.exists()
