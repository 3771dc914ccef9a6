"""The platform misbehaves on request, and our client survives each way of it or names it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests

from local_platform.misbehaviour import JOB_KINDS, KINDS
from runner.errors import (
    AuthenticationError,
    Conflict,
    DataError,
    NotFound,
    PermissionDenied,
    PlatformError,
    PlatformTimeout,
    RateLimited,
    Unavailable,
)
from runner.events_file import load_events
from runner.ingestion import Waiting, ingest_parquet
from runner.local import LocalPlatform, local_platform
from runner.platform import Patience, Platform
from runner.settings import Settings
from runner.setup import apply, plan

SETTINGS = Settings.model_validate(
    {"use_cases": [{"name": "n", "title": "t", "target_event": "e", "audience": {"name": "Likely", "min_score": 0.5}}]}
)
REGISTRY = "GET /data/foundation/schemaregistry/*"
FILES = "GET /data/foundation/export/files/*"
ROWS = 20_000


@dataclass
class World:
    """A platform that can be told to misbehave, and a client that need not wait."""

    local: LocalPlatform
    folder: Path
    waits: list[float] = field(default_factory=list)

    def faults(self, method: str, body: Any = None, secret: str | None = None) -> requests.Response:
        known = str(self.local.ready["client_secret"])
        headers = {"Authorization": f"Bearer {secret or known}"}
        return requests.request(
            method, f"{self.local.ready['control_url']}/faults", json=body, headers=headers, timeout=30
        )

    def misbehave(self, *rules: dict[str, Any]) -> None:
        answer = self.faults("POST", {"rules": list(rules)})
        assert answer.status_code == 200, answer.text

    def met(self) -> int:
        return int(self.faults("GET").json()["met"])

    def client(self, **patience: Any) -> Platform:
        self.waits.clear()
        return Platform(self.local.connection(), None, Patience(**patience), sleep=self.waits.append)

    def ingest(self, client: Platform, name: str, deadline: float = 60, rows: int = 50) -> Any:
        file = self.folder / f"{name}.parquet"
        if not file.exists():
            users = pa.StructArray.from_arrays([pa.array([f"{name}-{n}" for n in range(rows)])], ["userId"])
            pq.write_table(pa.table({"_acme": users}), file, compression="none")
        return ingest_parquet(
            client, "propensity_profiles", [file], external_id=name, waiting=Waiting(deadline=deadline)
        )


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("misbehaviour")
    with local_platform(folder / "platform", delays="none") as local:
        apply(plan(SETTINGS, Platform(local.connection())))
        yield World(local, folder)


@pytest.fixture
def world(platform: World) -> Iterator[World]:
    yield platform
    assert platform.faults("DELETE").status_code == 200


# -- the client gets over what passes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "expired_token"},
        {"kind": "rate_limited"},
        {"kind": "rate_limited", "seconds": 7},
        {"kind": "failing", "status": 500},
        {"kind": "failing", "status": 502},
        {"kind": "failing", "status": 503},
        {"kind": "failing", "status": 502, "when": "after"},
        {"kind": "html"},
        {"kind": "html", "status": 503},
        {"kind": "html", "status": 200},
        {"kind": "html", "status": 200, "when": "after"},
        {"kind": "reset"},
        {"kind": "reset", "when": "after"},
        {"kind": "reset_mid_body"},
        {"kind": "stall_mid_body", "seconds": 0.1},
        {"kind": "truncated"},
        {"kind": "slow", "seconds": 0.1},
    ],
    ids=lambda fault: "-".join(str(value) for value in fault.values()),
)
def test_a_read_that_goes_wrong_once_is_read_again(world: World, fault: dict[str, Any]) -> None:
    client = world.client()
    client.catalog.find_dataset("propensity_profiles")
    world.misbehave({**fault, "where": REGISTRY, "times": 1})
    assert client.schemas.tenant() == "acme"
    assert world.met() == 1


def test_retry_after_is_honoured_to_the_second(world: World) -> None:
    client = world.client()
    world.misbehave({"kind": "rate_limited", "seconds": 7, "where": REGISTRY, "times": 1})
    client.schemas.tenant()
    assert world.waits == [7]


def test_profile_answers_429_with_a_list_that_says_how_long(world: World) -> None:
    client = world.client()
    world.misbehave({"kind": "rate_limited", "where": "* /data/core/ups/access/*", "times": 1})
    client.profiles.entities(["nobody"], "ECID", ["_acme.userId"])
    assert (world.waits, world.met()) == ([0.2], 1)


def test_a_body_that_stalls_longer_than_the_client_waits_is_given_up_and_asked_for_again(world: World) -> None:
    client = world.client(read_timeout=0.2)
    world.misbehave({"kind": "stall_mid_body", "seconds": 2, "where": REGISTRY, "times": 1})
    began = time.monotonic()
    assert client.schemas.tenant() == "acme"
    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize("kind", ["truncated", "reset_mid_body", "stall_mid_body", "html", "reset", "failing"])
def test_a_download_that_breaks_off_arrives_whole(world: World, tmp_path: Path, kind: str) -> None:
    client = world.client()
    batch = world.ingest(client, "whole", rows=ROWS).batch_id
    status = {"status": 200} if kind == "html" else {}
    seconds = {"seconds": 0.1} if kind == "stall_mid_body" else {}
    world.misbehave({"kind": kind, "where": FILES, "times": 3, **status, **seconds})
    files = client.access.download_batch(batch, tmp_path)
    assert sum(pq.read_table(f.path).num_rows for f in files) == ROWS
    assert world.met() == 3


def test_what_was_just_created_may_take_a_while_to_appear(world: World) -> None:
    client = world.client()
    world.misbehave({"kind": "late", "where": "GET /data/foundation/catalog/*", "reads": 3})
    schema = client.catalog.dataset_named("propensity_profiles").schema_id
    made = client.catalog.ensure_dataset("appears late", schema)
    assert client.catalog.dataset(made.id).name == "appears late"
    assert world.met() == 1
    assert len(world.waits) == 3


def test_setup_waits_for_what_it_just_created(world: World) -> None:
    client = world.client()
    case = {"name": "second", "title": "t", "target_event": "e", "audience": {"name": "Second", "min_score": 0.5}}
    wanted = Settings.model_validate({"use_cases": [case]})
    world.misbehave({"kind": "late", "reads": 3})
    apply(plan(wanted, client))
    assert plan(wanted, client) == []
    assert world.met() >= 3


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "failing", "status": 502, "when": "after"},
        {"kind": "reset", "when": "after"},
        {"kind": "html", "status": 200, "when": "after"},
        {"kind": "truncated"},
        {"kind": "reset_mid_body"},
    ],
    ids=lambda fault: "-".join(str(value) for value in fault.values()),
)
def test_a_batch_whose_answer_was_lost_is_found_and_not_made_twice(world: World, fault: dict[str, Any]) -> None:
    name = "lost-" + "-".join(str(value) for value in fault.values())
    client = world.client()
    world.misbehave({**fault, "where": "POST /data/foundation/import/batches", "times": 1})
    done = world.ingest(client, name)
    assert world.met() == 1
    dataset = client.catalog.dataset_named("propensity_profiles").id
    assert [b.id for b in client.catalog.batches(dataset_id=dataset, external_id=name)] == [done.batch_id]


@pytest.mark.parametrize("fault", [{"kind": "failing", "status": 502, "when": "after"}, {"kind": "reset_mid_body"}])
def test_a_mapping_set_whose_answer_was_lost_is_made_again(world: World, fault: dict[str, Any]) -> None:
    client = world.client()
    mapping = {"sourceType": "ATTRIBUTE", "source": "a", "destination": "_acme.userId"}
    world.misbehave({**fault, "where": "POST /data/foundation/conversion/*", "times": 2})
    assert client.mappings.create({"version": 0, "mappings": [mapping]})
    assert world.met() == 2


# -- and names what stays -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        ({"kind": "expired_token"}, AuthenticationError, "Oauth token is not valid"),
        ({"kind": "forbidden"}, PermissionDenied, "not permitted"),
        ({"kind": "conflict"}, Conflict, "409"),
        ({"kind": "rate_limited"}, RateLimited, "Too many requests"),
        ({"kind": "failing", "status": 500}, Unavailable, "500"),
        ({"kind": "html"}, Unavailable, "502 Bad Gateway|The upstream did not answer"),
        ({"kind": "html", "status": 200}, Unavailable, "not with JSON"),
        ({"kind": "reset"}, Unavailable, "the connection broke"),
        ({"kind": "reset_mid_body"}, Unavailable, "the connection broke"),
        ({"kind": "truncated"}, Unavailable, "not with JSON"),
    ],
    ids=lambda value: "-".join(str(v) for v in value.values()) if isinstance(value, dict) else None,
)
def test_what_does_not_pass_is_named_with_service_and_remedy(
    world: World, fault: dict[str, Any], error: type[PlatformError], words: str
) -> None:
    client = world.client()
    client.catalog.find_dataset("propensity_profiles")
    world.misbehave({**fault, "where": REGISTRY})
    with pytest.raises(error, match=words) as seen:
        client.schemas.tenant()
    assert seen.value.service == "Schema Registry"
    assert seen.value.remedy
    assert type(seen.value) is error


def test_an_object_that_never_appears_is_named(world: World) -> None:
    client = world.client()
    schema = client.catalog.dataset_named("propensity_profiles").schema_id
    world.misbehave({"kind": "late", "where": "GET /data/foundation/catalog/*", "reads": 1000})
    with pytest.raises(NotFound, match="was not found"):
        client.catalog.ensure_dataset("never appears", schema)


def test_a_service_that_stays_slow_is_a_timeout(world: World) -> None:
    client = world.client(read_timeout=0.1, attempts=2)
    world.misbehave({"kind": "slow", "seconds": 1, "where": REGISTRY})
    with pytest.raises(PlatformTimeout, match="no answer in time"):
        client.schemas.tenant()


def test_a_batch_that_fails_after_it_was_accepted_is_named_and_a_rerun_makes_another(world: World) -> None:
    client = world.client()
    world.misbehave({"kind": "batch_fails", "where": "propensity_profiles", "times": 1})
    with pytest.raises(DataError, match=r"ended as 'failed'; none of them is visible.*failed on request"):
        world.ingest(client, "promised")
    again = world.ingest(client, "promised")
    assert (again.rows, again.external_id) == (50, "promised-r2")


def test_a_job_that_is_stuck_is_named_and_a_rerun_goes_on_with_the_same_batch(world: World) -> None:
    client = world.client()
    world.misbehave({"kind": "job_stuck", "where": "promotion of *"})
    with pytest.raises(PlatformTimeout, match="is still 'processing' after 1 s"):
        world.ingest(client, "stuck", deadline=1)
    world.faults("DELETE")
    again = world.ingest(client, "stuck")
    assert (again.rows, again.external_id) == (50, "stuck")


def test_a_step_waits_no_longer_than_wait_minutes(world: World, tmp_path: Path) -> None:
    case = {"name": "own", "title": "t", "target_event": "visit", "audience": {"name": "own", "min_score": 0.5}}
    settings = Settings.model_validate(
        {
            "use_cases": [case],
            "datasets": {"events": "own_events", "profiles": "own_profiles", "runs": "own_runs"},
            "identity": {"namespace": "PROPENSITYID"},
            "state_dir": str(tmp_path),
            "wait_minutes": 1 / 60,
        }
    )
    file = tmp_path / "events.csv"
    file.write_text("user_id,event_type,timestamp\n007,visit,2026-11-01T08:30:00Z\n")
    world.misbehave({"kind": "job_stuck", "where": "promotion of *"})
    with pytest.raises(PlatformTimeout, match="is still 'processing' after 1 s"):
        load_events(settings, world.client(), file)
    world.faults("DELETE")
    assert load_events(settings, world.client(), file).rows == 1


# -- how it is turned on and off ------------------------------------------------------------------------------------


def test_a_healthy_platform_has_no_rules(world: World) -> None:
    assert world.faults("GET").json() == {"rules": [], "met": 0, "by_kind": {}}


def test_the_control_endpoint_never_misbehaves_and_needs_the_secret(world: World) -> None:
    world.misbehave({"kind": "reset"})
    assert world.faults("GET").status_code == 200
    for method in ("GET", "POST", "DELETE"):
        assert world.faults(method, secret="wrong").status_code == 401
    assert world.faults("DELETE").json()["rules"] == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"rules": [{"kind": "explode"}]}, "The kind is 'explode'; expected one of expired_token"),
        ({"rules": [{"kind": "reset", "rate": 2}]}, "rate is 2; expected 0 to 1"),
        ({"rules": [{"kind": "failing", "status": 418}]}, "expected 503 or 500 or 502"),
        ({"rules": [{"kind": "slow", "when": "after"}]}, "'after' is for failing, html, reset"),
        ({"rules": [{"kind": "reset", "often": 1}]}, "A rule has often; known are kind, where"),
        ({"rules": "all"}, "expected a list"),
        ({"mix": "much"}, "mix is 'much'"),
        ({"mix": 0.1, "without": ["rain"]}, "expected a list of kinds"),
        ({"speed": 1}, "Expected a JSON object with 'rules'"),
    ],
)
def test_rules_that_cannot_be_read_are_refused_and_change_nothing(
    world: World, body: dict[str, Any], words: str
) -> None:
    world.misbehave({"kind": "slow", "seconds": 0})
    answer = world.faults("POST", body)
    assert answer.status_code == 400
    assert words in answer.json()["detail"]
    assert [rule["kind"] for rule in world.faults("GET").json()["rules"]] == ["slow"]


def test_the_same_seed_spoils_the_same_requests(world: World) -> None:
    def statuses(seed: int) -> list[int]:
        rule = {"kind": "failing", "rate": 0.3, "where": "POST /ims/*"}
        assert world.faults("POST", {"seed": seed, "rules": [rule]}).ok
        url = f"{world.local.ready['ims_url']}/ims/token/v3"
        return [requests.post(url, timeout=30).status_code for _ in range(40)]

    first = statuses(5)
    assert statuses(5) == first != statuses(6)
    assert 4 <= first.count(503) <= 22


def test_the_command_turns_it_on_shows_it_and_turns_it_off(world: World, tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    ready.write_text(json.dumps(dict(world.local.ready)))

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        called = [sys.executable, "-m", "local_platform", "faults", *arguments]
        return subprocess.run(called, capture_output=True, text=True, timeout=60, check=False)

    assert "reset_mid_body" in command("--kinds").stdout
    rules = tmp_path / "rules.json"
    rules.write_text('{"rules": [{"kind": "conflict", "where": "POST /data/*"}]}')
    assert json.loads(command("--ready-file", str(ready), "--set", str(rules)).stdout)["rules"][0]["kind"] == "conflict"
    mixed = json.loads(command("--ready-file", str(ready), "--mix", "0.1", "--seed", "4").stdout)
    assert set(mixed["by_kind"]) == set(KINDS)
    of_jobs = [rule["rate"] for rule in mixed["rules"] if rule["kind"] in JOB_KINDS]
    assert (0.09 < sum(of_jobs) < 0.11, len(of_jobs)) == (True, 2)
    assert 0.09 < sum(rule["rate"] for rule in mixed["rules"]) - sum(of_jobs) < 0.11
    cleared = json.loads(command("--ready-file", str(ready), "--clear").stdout)
    assert cleared == {"rules": [], "met": 0, "by_kind": {}}
    rules.write_text('{"rules": [{"kind": "explode"}]}')
    refused = command("--ready-file", str(ready), "--set", str(rules))
    assert (refused.returncode, "The kind is 'explode'" in refused.stderr) == (1, True)
    assert command("--clear").returncode == 1


def test_a_platform_can_be_started_misbehaving_but_not_on_rules_it_cannot_read(tmp_path: Path) -> None:
    rules = tmp_path / "rules.json"
    rules.write_text('{"rules": [{"kind": "forbidden", "where": "GET /data/*"}]}')
    arguments = ("--faults", str(rules))
    with local_platform(tmp_path / "p", delays="none", extra_arguments=arguments) as local:
        client = Platform(local.connection())
        with pytest.raises(PermissionDenied):
            client.schemas.tenant()
    rules.write_text('{"rules": [{"kind": "explode"}]}')
    command = [sys.executable, "-m", "local_platform", "serve", "--data-dir", str(tmp_path / "q"), "--faults"]
    refused = subprocess.run([*command, str(rules)], capture_output=True, text=True, timeout=60, check=False)
    assert (refused.returncode, refused.stderr[:24]) == (1, "error: The kind is 'expl")
