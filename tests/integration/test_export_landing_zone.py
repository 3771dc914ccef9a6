"""One run's rows through the Data Landing Zone: the same rows, or Data Access and the reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pyarrow.fs as fs
import pytest

from runner.doctor import examine
from runner.errors import PlatformError
from runner.export import Exported, compare, export_data_access, export_landing_zone
from tests.end_to_end.test_no_secret_leaks import found_in
from tests.integration.azurite_here import FLAVOURS, need
from tests.integration.sandbox import CONTRACT, RUN, Sandbox, run_rows, sandbox

KEYS = ("user_id", "as_of")
ROTATE = "/data/foundation/connectors/landingzone/credentials?type=dlz_destination&action=refresh"
LATER = "newsletter-20261116"


@pytest.fixture(scope="module", params=FLAVOURS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with sandbox(tmp_path_factory.mktemp("zone"), landing_zone=need(request.param)) as made:
        made.sql.execute(f"CREATE TABLE {CONTRACT.dataset} AS {run_rows('newsletter-20261102', range(300))}")
        made.sql.execute(f"INSERT INTO {CONTRACT.dataset} {run_rows(RUN, range(250))}")
        yield made


def through_zone(world: Sandbox, out: Path, run: str = RUN, log: list[str] | None = None) -> Exported:
    said = log if log is not None else []
    return export_landing_zone(
        world.platform, world.sql, CONTRACT.dataset, run, out, CONTRACT, seconds=60, log=said.append
    )


def directly(world: Sandbox, out: Path, run: str = RUN) -> Exported:
    return export_data_access(world.platform, world.sql, CONTRACT.dataset, run, out, CONTRACT)


def flows(world: Sandbox) -> list[str]:
    return [f["name"] for f in world.platform.flows.items("/flows", {"limit": 100})]


def test_both_routes_give_the_same_rows(world: Sandbox, tmp_path: Path) -> None:
    zone, lake = through_zone(world, tmp_path / "zone"), directly(world, tmp_path / "lake")
    assert (zone.route, zone.note, zone.rows) == ("landing_zone", "", 250)
    assert compare(zone, lake, KEYS).equal
    assert zone.fingerprint == lake.fingerprint


def test_increments_are_added_to_the_first_full_export(world: Sandbox, tmp_path: Path) -> None:
    through_zone(world, tmp_path / "first")
    world.sql.execute(f"INSERT INTO {CONTRACT.dataset} {run_rows(LATER, range(40))}")
    later = through_zone(world, tmp_path / "later", LATER)
    assert (later.route, later.rows) == ("landing_zone", 40)
    assert compare(later, directly(world, tmp_path / "lake", LATER), KEYS).equal


def test_a_dataset_has_one_dataflow_however_often_it_is_exported(world: Sandbox, tmp_path: Path) -> None:
    through_zone(world, tmp_path / "one")
    through_zone(world, tmp_path / "two")
    assert len([name for name in flows(world) if CONTRACT.dataset in name]) == 1


def test_files_that_are_gone_send_us_to_data_access_and_the_export_says_so(world: Sandbox, tmp_path: Path) -> None:
    through_zone(world, tmp_path / "one")
    world.local.advance(8 * 86_400)
    zone = world.platform.landing_zone.open()
    left = zone.filesystem.get_file_info(fs.FileSelector(zone.root, recursive=True, allow_not_found=True))
    assert not [f for f in left if f.type == fs.FileType.File]
    exported = through_zone(world, tmp_path / "two")
    assert (exported.route, exported.rows) == ("data_access", 250)
    assert exported.note == f"The landing zone holds 0 of 250 rows of run {RUN}."


def test_a_run_that_was_built_anew_is_exported_anew_though_it_has_as_many_rows(world: Sandbox, tmp_path: Path) -> None:
    run = "newsletter-20261123"
    world.sql.execute(f"INSERT INTO {CONTRACT.dataset} {run_rows(run, range(30))}")
    first = through_zone(world, tmp_path / "zone", run)
    again = through_zone(world, tmp_path / "zone", run)
    assert (first.route, again.fingerprint) == ("landing_zone", first.fingerprint)
    [batch] = directly(world, tmp_path / "lake", run).batches
    world.platform.ingestion.act(batch, "REVERT")
    while world.platform.catalog.batch(batch).state != "gone":
        pass
    world.sql.execute(f"INSERT INTO {CONTRACT.dataset} {run_rows(run, range(30), clicks=5)}")
    anew = through_zone(world, tmp_path / "zone", run)
    assert (anew.rows, anew.fingerprint) == (30, directly(world, tmp_path / "lake", run).fingerprint)
    assert anew.fingerprint != first.fingerprint


def test_the_doctor_reaches_the_zone_and_says_until_when(world: Sandbox) -> None:
    zone = world.platform.landing_zone.open()
    checks = examine(world.settings, world.local.connection(), platform=world.platform)
    (check,) = (found for found in checks if found.name == "permission: landing zone")
    assert check.ok, check
    assert check.seen.startswith(f"{zone.credentials.provider} {zone.root}, folder propensity, credentials until 20")


def test_a_refusal_is_told_without_what_opens_the_zone(
    world: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone = world.platform.landing_zone.open()
    world.platform.flows.send("POST", ROTATE, base=str(world.local.ready["api_url"]))
    monkeypatch.setattr(world.platform.landing_zone, "open", lambda: zone)
    with pytest.raises(PlatformError, match="refused to list") as seen:
        through_zone(world, tmp_path / "out")
    keys = zone.credentials
    signature = keys.sas_token.get_secret_value().partition("sig=")[2] or keys.secret_key.get_secret_value()
    assert len(signature) > 30
    assert signature not in f"{seen.value} {seen.value!r} {vars(seen.value)}"
    assert found_in(Path(str(world.local.ready["data_dir"])), {"signature": unquote(signature)}) == {}
    assert found_in(tmp_path, {"signature": unquote(signature)}) == {}


def test_a_dataflow_that_is_not_ready_is_waited_for(tmp_path: Path) -> None:
    said: list[str] = []
    with sandbox(tmp_path / "world") as quick:
        quick.sql.execute(f"CREATE TABLE {CONTRACT.dataset} AS {run_rows(RUN, range(30))}")
    with sandbox(tmp_path / "world", delays="documented") as world:
        exported = export_landing_zone(
            world.platform,
            world.sql,
            CONTRACT.dataset,
            RUN,
            tmp_path / "out",
            CONTRACT,
            log=said.append,
            # The platform's own minutes pass, not ours.
            sleep=lambda seconds: void(world.local.advance(max(60.0, seconds))),
        )
    assert (exported.route, exported.note, exported.rows) == ("landing_zone", "", 30)
    assert any("not ready for export yet" in line for line in said)


def void(_: object) -> None:
    """Nothing, whatever it is given."""
