"""The landing zone on Azure: signatures of one container that end, and the same exports, deliveries and imports."""

from __future__ import annotations

import csv
import http.client
import io
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pyarrow.fs as fs
import pytest

from runner.activation.delivery import delivered
from runner.local import LocalPlatform
from runner.platform import Platform
from runner.platform.library import library_object
from tests.aepp_methods.world import mapping_set
from tests.end_to_end.test_no_secret_leaks import found_in
from tests.integration import test_activation as activation
from tests.integration import test_landing_import as imports
from tests.integration.azurite_here import need_azurite
from tests.integration.rest import FLOWS, Rest, running, start
from tests.integration.test_flows import export_flow, export_now, exported, numbers
from tests.integration.test_nothing_leaves_loopback import loopback_only
from tests.integration.test_nothing_listens_beyond_loopback import descendants, listeners, on_loopback

Json = dict[str, Any]
ZONE = "/data/foundation/connectors/landingzone"
CREDENTIALS = f"{ZONE}/credentials?type=dlz_destination"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("azure")


@pytest.fixture(scope="module")
def rest(folder: Path) -> Iterator[Rest]:
    need_azurite()
    with running(folder, landing_zone="azure") as platform:
        yield platform


def azurite(rest: Rest) -> int:
    """Process id of the platform's only child, once it answers."""
    rest.ok("GET", CREDENTIALS)
    (child,) = descendants(rest.process.pid) - {rest.process.pid}
    return child


def listed(zone: tuple[Any, str]) -> list[str]:
    found = zone[0].get_file_info(fs.FileSelector(zone[1], recursive=True))
    return [item.path for item in found if item.is_file]


def client(rest: Rest) -> Platform:
    return Platform(LocalPlatform(rest.ready, rest.process.pid).connection())


def test_credentials_have_azures_form_and_end_in_a_day(rest: Rest) -> None:
    assert rest.ready["s3_endpoint"] is None
    assert rest.ok("GET", f"{ZONE}?type=dlz_destination") == {"containerName": "dlz-destination", "containerTTL": "7"}
    answer = rest.send("GET", CREDENTIALS)
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.json()
    assert set(body) == {"containerName", "SASToken", "storageAccountName", "SASUri"}
    token = {name: values[0] for name, values in parse_qs(body["SASToken"], strict_parsing=True).items()}
    assert (token["sr"], token["sp"]) == ("c", "racwdlm")
    left = datetime.fromisoformat(token["se"]) - datetime.now(UTC)
    assert timedelta(hours=12) < left <= timedelta(days=1)
    address = urlsplit(body["SASUri"])
    assert (address.scheme, address.hostname, address.query) == ("http", "127.0.0.1", body["SASToken"])
    assert address.path == f"/{body['storageAccountName']}/dlz-destination"
    assert rest.ok("GET", CREDENTIALS)["SASToken"] == body["SASToken"], "kept for the first half of its life"


def test_a_signature_opens_its_own_container_until_it_is_replaced(rest: Rest) -> None:
    destination, drop_zone = rest.zone(), rest.zone("user_drop_zone")
    with pytest.raises(OSError, match="403"):
        listed((destination[0], drop_zone[1]))
    rest.ok("POST", f"{CREDENTIALS}&action=refresh")
    with pytest.raises(OSError, match="403"):
        listed(destination)
    listed(drop_zone)
    listed(rest.zone())


def test_a_changed_signature_and_none_at_all_are_refused(rest: Rest) -> None:
    address = urlsplit(rest.ok("GET", CREDENTIALS)["SASUri"])
    for query in ("", address.query.replace("sig=", "sig=A"), address.query.replace("sp=racwdlm", "sp=racwdl")):
        assert sent(address.netloc, "GET", f"{address.path}?restype=container&comp=list&{query}") in (403, 404), query


def sent(authority: str, method: str, target: str) -> int:
    """Status of a request whose path is sent as it stands."""
    connection = http.client.HTTPConnection(authority, timeout=30)
    connection.request(method, target, headers={"x-ms-blob-type": "BlockBlob", "Content-Length": "0"})
    try:
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("name", ["../x", "a/../../../etc/x", "..", "a\\..\\b", "a\x00b", "a\r\nSet-Cookie: stolen=1"])
def test_a_key_that_climbs_or_injects_is_a_400(rest: Rest, name: str) -> None:
    address, before = urlsplit(rest.ok("GET", CREDENTIALS)["SASUri"]), listed(rest.zone())
    for method in ("PUT", "GET", "DELETE"):
        target = f"{address.path}/{quote(name, safe='' if method == 'GET' else '/')}?{address.query}"
        assert sent(address.netloc, method, target) == 400
    assert listed(rest.zone()) == before


def test_a_dataset_is_exported_and_its_files_live_seven_days(rest: Rest, tmp_path: Path) -> None:
    id = rest.dataset("exported numbers", {"number": {"type": "integer"}}, profile=False)
    rest.ingest(id, numbers(0, 10), tmp_path / "numbers.parquet")
    run = export_now(rest, export_flow(rest, id, "exports/ä b"), id)
    assert run["metrics"]["recordSummary"]["outputRecordCount"] == 10
    assert exported(rest, "exports/ä b") == list(range(10))
    rest.drop("old/a.csv", b"a")
    rest.advance(8 * 86_400)
    assert exported(rest, "exports/ä b") == []
    assert "old/a.csv" not in str(listed(rest.zone("user_drop_zone")))


def test_an_audience_is_delivered_after_the_daily_evaluation(rest: Rest, tmp_path: Path) -> None:
    dataset = rest.dataset("scores", activation.FIELDS)
    rest.ingest(dataset, activation.table(activation.ROWS), tmp_path / "scores.parquet")
    segment, flow = activation.audience(rest, "Daily"), activation.flow(rest, "audiences")
    activation.activate(rest, flow, segment, activation.MAPPINGS[:2])
    rest.advance(activation.DAY)
    assert activation.last_run(rest, flow)["metrics"]["recordSummary"]["outputRecordCount"] == 2
    (content,) = activation.delivered(rest, "audiences")
    rows = csv.DictReader(io.StringIO(content.decode()))
    assert [(row["user_id"], row["score"]) for row in rows] == [("u1", "0.9"), ("u2", "0.5")]
    platform = client(rest)
    (run,) = platform.flows.runs(flow)
    found = delivered(platform, "audiences", segment, "ECID", run)
    assert (found.rows, len(found.files)) == (2, 1)


def test_files_are_imported_by_a_mapping_set_each_once(rest: Rest) -> None:
    dataset, schema = imports.dataset(rest, "imported")
    rest.drop("in/a.csv", b"person,points\nu1,4\nu2,5\n")
    flow = rest.ok("POST", f"{FLOWS}/flows", imports.flow_body(rest, dataset, "in", mapping_set(rest, schema)))["id"]
    first = imports.run(rest, flow)["metrics"]["recordSummary"]
    assert (first["inputRecordCount"], first["outputRecordCount"]) == (2, 2)
    rest.drop("in/b.csv", b"person,points\nu3,6\n")
    assert imports.run(rest, flow)["metrics"]["recordSummary"]["outputRecordCount"] == 1
    assert imports.rows(rest, dataset) == [{"userId": f"u{n}", "points": n + 3} for n in (1, 2, 3)]


def test_the_librarys_methods_for_azure_work(rest: Rest) -> None:
    """Those that cannot work over S3."""
    api = library_object("flows", client(rest).session)
    kind, body = "dlz_destination", rest.ok("GET", CREDENTIALS)
    assert api.getLandingZoneContainerName(kind) == body["containerName"]
    assert str(api.getLandingZoneContainerTTL(kind)) == "7"
    assert api.getLandingZoneStorageAccountName(kind) == body["storageAccountName"]
    assert api.getLandingZoneSASToken(kind) == body["SASToken"]
    assert api.getLandingZoneSASUri(kind) == body["SASUri"]


def test_the_runner_stays_on_loopback_whatever_the_proxy(rest: Rest, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://192.0.2.1:3128")
    monkeypatch.setenv("no_proxy", "elsewhere.example")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with loopback_only():
        zone = client(rest).landing_zone.open("user_drop_zone")
        with zone.filesystem.open_output_stream(zone.path("through", "proxy.csv")) as stream:
            stream.write(b"a\n1\n")
        assert zone.filesystem.open_input_file(zone.path("through/proxy.csv")).read() == b"a\n1\n"
    assert os.environ["no_proxy"] == "elsewhere.example,127.0.0.1"


def test_azurite_listens_on_loopback_only(rest: Rest) -> None:
    found = listeners(azurite(rest))
    assert {port for _, port in found} == {urlsplit(rest.ok("GET", CREDENTIALS)["SASUri"]).port}
    assert all(on_loopback(address) for address, _ in found)


def test_no_signature_and_no_key_is_in_a_file_or_on_a_command_line(rest: Rest, folder: Path) -> None:
    environment = Path(f"/proc/{azurite(rest)}/environ").read_bytes().split(b"\0")
    (accounts,) = (item for item in environment if item.startswith(b"AZURITE_ACCOUNTS="))
    tokens = [rest.ok("GET", f"{ZONE}/credentials?type={type}")["SASToken"] for type in ("dlz_destination",
                                                                                       "user_drop_zone")]  # fmt: skip
    signatures = [parse_qs(token)["sig"][0] for token in tokens]
    secrets = {"key": accounts.decode().rpartition(":")[2], "destination": signatures[0], "drop zone": signatures[1]}
    assert len(secrets["key"]) > 80
    # Refused while it is held, so that whatever is said about it is in the log by now.
    rest.ok("POST", f"{ZONE}/credentials?type=user_drop_zone&action=refresh")
    assert found_in(folder, secrets) == {}
    command = Path(f"/proc/{azurite(rest)}/cmdline").read_bytes().decode()
    assert not [name for name, secret in secrets.items() if secret in command]


def test_a_killed_platform_leaves_no_azurite_behind(tmp_path: Path) -> None:
    need_azurite()
    rest = start(tmp_path, landing_zone="azure")
    child = azurite(rest)
    rest.kill()
    deadline = time.monotonic() + 20
    while Path(f"/proc/{child}").exists():
        assert time.monotonic() < deadline, "Azurite outlived the platform"
        time.sleep(0.02)
