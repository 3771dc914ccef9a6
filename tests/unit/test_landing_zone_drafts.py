"""Expiry looks at what is stored; what is being written at that moment is not its business."""

from __future__ import annotations

from pathlib import Path

from local_platform.clock import Clock
from local_platform.database import Database
from local_platform.landing_zone import LandingZone


def test_expiry_leaves_an_object_alone_that_is_being_written(tmp_path: Path) -> None:
    zone = LandingZone(tmp_path, Clock(Database(tmp_path / "catalog.sqlite"))).start()
    try:

        def fill(draft: Path) -> None:
            draft.write_bytes(b"rows")
            zone.expire()

        assert zone.write("dlz-destination", "export/part-00000.parquet", fill) == 4
        assert zone.read("dlz-destination", "export/part-00000.parquet") == b"rows"
    finally:
        zone.stop()


def test_a_draft_of_a_killed_process_is_gone_after_a_restart(tmp_path: Path) -> None:
    left = tmp_path / "landing_zone" / "dlz-destination" / ".part-00000.parquet.1234"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    zone = LandingZone(tmp_path, Clock(Database(tmp_path / "catalog.sqlite"))).start()
    try:
        assert zone.keys("dlz-destination") == []
        assert not left.exists()
    finally:
        zone.stop()
