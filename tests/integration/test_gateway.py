"""Nobody gets past the gateway without the right headers, and nothing about a refusal is left to guessing."""

from __future__ import annotations

import re
import signal
import socket
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.integration.local_api import LocalApi, local_api, start, stop

PATH = "/data/foundation/catalog/dataSets"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalApi]:
    with local_api(tmp_path_factory.mktemp("gateway") / "data") as running:
        yield running


def plain(api: LocalApi, drop: str = "", verb: str = "GET", **headers: str) -> requests.Response:
    sent = {str(key): str(value) for key, value in api.session.headers.items() if key != drop} | headers
    return requests.request(verb, api.ready["api_url"] + PATH, headers=sent, timeout=30)


@pytest.mark.parametrize(
    ("drop", "changed", "status", "code"),
    [
        ("Authorization", {}, 403, "403010"),
        ("", {"Authorization": "Bearer eyJ.garbage.token"}, 401, "401013"),
        ("", {"Authorization": "Bearer "}, 403, "403010"),
        ("x-api-key", {}, 403, "403000"),
        ("", {"x-api-key": "somebody-else"}, 403, "403003"),
        ("x-gw-ims-org-id", {}, 400, "400003"),
        ("", {"x-gw-ims-org-id": "FOREIGN@AdobeOrg"}, 403, "403027"),
    ],
)
def test_a_wrong_header_is_refused_with_the_documented_code(
    api: LocalApi, drop: str, changed: dict[str, str], status: int, code: str
) -> None:
    answer = plain(api, drop, **changed)
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)


@pytest.mark.parametrize("sandbox", [None, "prod", "other"])
def test_only_its_own_sandbox_exists(api: LocalApi, sandbox: str | None) -> None:
    answer = plain(api, "x-sandbox-name") if sandbox is None else plain(api, **{"x-sandbox-name": sandbox})
    assert answer.status_code == 403
    assert repr(sandbox or "prod") in answer.json()["detail"]


def test_the_sql_credential_opens_no_rest_door(api: LocalApi) -> None:
    assert plain(api, Authorization=f"Bearer {api.ready['password']}").status_code == 401


def test_a_token_without_the_product_scope_has_no_profile(api: LocalApi) -> None:
    answer = plain(api, Authorization=f"Bearer {api.token(scope='openid,AdobeID')}")
    assert answer.json()["error_code"] == "403025"


def test_an_expired_token_is_refused(tmp_path: Path) -> None:
    with local_api(tmp_path / "data", "--token-seconds", "0") as api:
        assert api.call("GET", PATH).json()["error_code"] == "401013"


def test_moving_the_clock_does_not_expire_tokens(tmp_path: Path) -> None:
    with local_api(tmp_path / "data") as api:
        secret = {"Authorization": f"Bearer {api.ready['client_secret']}"}
        clock = api.ready["control_url"] + "/clock"
        before = datetime.fromisoformat(requests.get(clock, headers=secret, timeout=30).json()["now"])
        moved = requests.post(clock, headers=secret, json={"advance_seconds": 172_800}, timeout=60)
        after = datetime.fromisoformat(moved.json()["now"])
        assert (after - before).total_seconds() >= 172_800
        assert api.call("GET", PATH).status_code == 200
        back = requests.post(clock, headers=secret, json={"advance_seconds": -1}, timeout=30)
        assert back.status_code == 400


def test_the_clock_needs_the_client_secret(api: LocalApi) -> None:
    clock = api.ready["control_url"] + "/clock"
    assert requests.get(clock, timeout=30).status_code == 401
    assert api.session.post(clock, json={"advance_seconds": 1}, timeout=30).status_code == 401


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "wrong"}, "invalid_client"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_the_token_endpoint_says_what_is_wrong(api: LocalApi, change: dict[str, str], error: str) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": api.ready["client_id"],
        "client_secret": api.ready["client_secret"],
        "scope": ",".join(api.ready["scopes"]),
    }
    answer = requests.post(api.ready["ims_url"] + "/ims/token/v3", data={**form, **change}, timeout=30)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert requests.post(api.ready["ims_url"] + "/ims/token/v3", params=form, timeout=30).json()["expires_in"] > 500


def test_a_request_id_is_echoed_unless_it_could_do_harm(api: LocalApi) -> None:
    assert api.call("GET", PATH, headers={"x-request-id": "my-id-1"}).headers["x-request-id"] == "my-id-1"
    for harmful in ("a b", "x" * 200, "<script>"):
        given = api.call("GET", PATH, headers={"x-request-id": harmful}).headers["x-request-id"]
        assert re.fullmatch(r"[0-9a-f-]{36}", given)


def test_a_trailing_slash_is_answered_without_a_redirect(api: LocalApi) -> None:
    answer = api.call("GET", "/data/foundation/schemaregistry/stats/", allow_redirects=False)
    assert answer.status_code == 200


def test_a_body_needs_a_content_type(api: LocalApi) -> None:
    request = requests.Request("POST", api.ready["api_url"] + PATH, data=b"{}", headers=dict(api.session.headers))
    prepared = request.prepare()
    prepared.headers.pop("Content-Type", None)
    answer = requests.Session().send(prepared, timeout=30)
    assert (answer.status_code, answer.json()["detail"]) == (400, "A valid content-type must be specified")


@pytest.mark.parametrize(
    "path", ["/data/../secret", "/data/foundation/%2e%2e/x", "/data/x%00y", "/data/a%0d%0ab", "/data/a%5cb"]
)
def test_a_path_that_climbs_or_injects_is_refused(api: LocalApi, path: str) -> None:
    host, port = api.ready["api_url"].removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 400")


def test_an_unknown_route_and_a_wrong_verb_are_json_errors(api: LocalApi) -> None:
    assert api.call("GET", "/data/foundation/nothing").json()["status"] == 404
    assert api.call("DELETE", PATH).status_code == 405


def test_it_listens_on_loopback_only(api: LocalApi) -> None:
    ports = {int(api.ready["api_url"].rsplit(":", 1)[1])}
    listening = _listening_addresses()
    assert {address for address, port in listening if port in ports} == {"127.0.0.1"}


def test_secrets_are_readable_by_their_owner_only(api: LocalApi) -> None:
    data_dir = Path(api.ready["data_dir"])
    ready = data_dir.with_name(data_dir.name + "-ready.json")
    for file in (ready, data_dir / "credentials.json"):
        assert file.stat().st_mode & 0o077 == 0, file


def test_a_data_directory_serves_one_process_at_a_time(tmp_path: Path) -> None:
    with local_api(tmp_path / "data"), pytest.raises(AssertionError, match="ended with status 1"):
        start(tmp_path / "data")


def test_it_ends_with_its_parent_and_keeps_its_secret(tmp_path: Path) -> None:
    first = start(tmp_path / "data", "--delays", "none")
    began = time.monotonic()
    stop(first)
    assert first.process.returncode == 0
    assert time.monotonic() - began < 10
    with local_api(tmp_path / "data") as second:
        assert second.ready["client_secret"] == first.ready["client_secret"]
        # A token outlives the process that issued it.
        second.session.headers["Authorization"] = first.session.headers["Authorization"]
        assert second.call("GET", PATH).status_code == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order(tmp_path: Path, number: signal.Signals) -> None:
    api = start(tmp_path / "data", "--delays", "none")
    api.process.send_signal(number)
    assert api.process.wait(timeout=30) == 0
    assert not (tmp_path / "data-ready.json").exists()


def _listening_addresses() -> set[tuple[str, int]]:
    found: set[tuple[str, int]] = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields: list[Any] = line.split()
        if fields[3] == "0A":
            address, port = fields[1].split(":")
            found.add((socket.inet_ntoa(bytes.fromhex(address)[::-1]), int(port, 16)))
    return found
