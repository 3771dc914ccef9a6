"""The client over real sockets: against a server that misbehaves, and against the local platform."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from runner.errors import (
    AuthenticationError,
    DataError,
    NotFound,
    PermissionDenied,
    PlatformError,
    PlatformTimeout,
    Unavailable,
)
from runner.local import LocalPlatform, local_platform
from runner.platform import Patience, Platform
from runner.platform.flows import DATA_LAKE, EXPORT_TO_LANDING_ZONE, LANDING_ZONE
from runner.platform.schemas import PROFILE_CLASS
from runner.settings import Settings
from runner.setup import apply, plan
from runner.sql import SqlClient
from tests.integration.rough_server import rough_server
from tests.unit.answering import connection

QUICK = Patience(attempts=4, first_delay=0.01, total=3, connect_timeout=1, read_timeout=0.4)


@pytest.mark.parametrize("trouble", ["reset", "stall", "truncated", "html"])
def test_a_read_survives(trouble: str) -> None:
    with rough_server(trouble, trouble) as (address, seen):
        platform = Platform(connection(api_url=address, ims_url=address), patience=QUICK)
        assert platform.schemas.tenant() == "acme"
        assert seen == ["GET"] * 3


@pytest.mark.parametrize("trouble", ["reset", "stall", "truncated", "html"])
def test_a_write_is_never_sent_twice(trouble: str) -> None:
    with rough_server(trouble) as (address, seen):
        platform = Platform(connection(api_url=address, ims_url=address), patience=QUICK)
        with pytest.raises((Unavailable, PlatformTimeout)):
            platform.ingestion.open_batch("d1", external_id="e1")
        assert seen == ["POST"]


def test_a_body_that_drips_is_given_up_in_time() -> None:
    with rough_server("drip") as (address, seen):
        patience = Patience(attempts=1, total=0.5, read_timeout=0.4)
        platform = Platform(connection(api_url=address, ims_url=address), patience=patience)
        with pytest.raises((Unavailable, PlatformTimeout)):
            platform.schemas.tenant()
        assert seen == ["GET"]


def test_nobody_listening_says_which_variable_to_check() -> None:
    with rough_server() as (address, _):
        pass
    platform = Platform(connection(api_url=address, ims_url=address), patience=QUICK)
    with pytest.raises(Unavailable, match="AEP_IMS_URL"):
        platform.schemas.tenant()


def test_a_proxy_of_the_environment_does_not_see_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with rough_server() as (address, _):
        assert Platform(connection(api_url=address, ims_url=address), patience=QUICK).schemas.tenant() == "acme"


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPlatform]:
    with local_platform(tmp_path_factory.mktemp("platform"), delays="none") as running:
        yield running


@pytest.fixture(scope="module")
def platform(local: LocalPlatform) -> Platform:
    case = {"name": "newsletter", "title": "t", "target_event": "e", "audience": {"name": "a", "min_score": 0.5}}
    made = Platform(local.connection())
    apply(plan(Settings.model_validate({"use_cases": [case]}), made))
    return made


def test_more_datasets_than_a_page_are_all_listed(platform: Platform) -> None:
    schema = platform.schemas.ensure_schema("many", PROFILE_CLASS, [])
    for number in range(105):
        platform.catalog.ensure_dataset(f"many {number:03d}", schema.id)
    names = [d.name for d in platform.catalog.datasets() if d.name.startswith("many")]
    assert names == [f"many {number:03d}" for number in range(105)]


def test_an_expired_token_is_noticed_and_replaced(tmp_path: Path) -> None:
    with local_platform(tmp_path / "platform", delays="none", extra_arguments=("--token-seconds", "1200")) as local:
        platform = Platform(local.connection())
        assert platform.schemas.tenant() == "acme"
        local.advance(1300)
        assert platform.schemas.tenant() == "acme"


def test_a_foreign_sandbox_is_refused_on_every_service(local: LocalPlatform) -> None:
    elsewhere = Platform(local.connection().model_copy(update={"sandbox": "elsewhere"}))
    reads: list[Callable[[], object]] = [
        elsewhere.schemas.tenant,
        elsewhere.identities.namespaces,
        lambda: list(elsewhere.catalog.datasets()),
        lambda: elsewhere.access.files("b1"),
        elsewhere.queries.login,
        elsewhere.flows.exportable_datasets,
        elsewhere.landing_zone.credentials,
        elsewhere.segmentation.definitions,
        elsewhere.profiles.merge_policies,
        elsewhere.policies.marketing_actions,
    ]
    for read in reads:
        with pytest.raises(PermissionDenied, match="elsewhere"):
            read()


def test_a_wrong_secret_names_the_variables(local: LocalPlatform) -> None:
    wrong = local.connection().model_copy(update={"client_secret": SecretStr("not-it")})
    with pytest.raises(AuthenticationError, match="AEP_CLIENT_SECRET") as caught:
        Platform(wrong).schemas.tenant()
    assert "not-it" not in str(caught.value)


def test_flow_objects_are_made_once_and_changed_under_their_version(platform: Platform) -> None:
    flows = platform.flows
    schema = platform.schemas.ensure_schema("exported", PROFILE_CLASS, [])
    dataset = platform.catalog.ensure_dataset("exported", schema.id)
    made = set()
    for _ in range(2):
        base = flows.ensure_connection("zone", LANDING_ZONE)
        params = {"datasets": [{"dataSetId": dataset.id, "name": dataset.name}]}
        source = flows.ensure_source_connection("exported source", DATA_LAKE, params)
        where = {"mode": "Server-to-server", "path": "x", "compression": "NONE", "datasetFileType": "PARQUET"}
        target = flows.ensure_target_connection("exported target", base, LANDING_ZONE, where)
        schedule = {
            "exportMode": "FIRST_FULL_THEN_INCREMENTAL",
            "timeUnit": "day",
            "interval": 1,
            "startTime": 1795000000,
            "endTime": 1800000000,
        }
        flow = flows.ensure_flow("exported", EXPORT_TO_LANDING_ZONE, [source], [target], schedule=schedule)
        made.add((base, source, target, flow.id))
    assert len(made) == 1
    found = flows.find_flow("exported")
    assert found is not None
    assert found.source_connection_ids == (source,)
    wanted = {**schedule, "timeUnit": "hour", "interval": 3}
    changed = flows.change_flow(
        flow.id,
        lambda f: (
            [] if f.schedule.get("interval") == 3 else [{"op": "replace", "path": "/scheduleParams", "value": wanted}]
        ),
    )
    assert changed.schedule["interval"] == 3
    assert changed.etag != flow.etag
    with pytest.raises(NotFound):
        flows.flow("00000000-0000-4000-8000-000000000000")


def test_an_audience_keeps_its_id_when_its_rule_changes(platform: Platform) -> None:
    segments = platform.segmentation
    made = segments.create("Likely", "_acme.propensity.newsletter.score >= 0.5", "d")
    assert segments.create("Likely", "another rule", "d").id == made.id
    changed = segments.change(made.id, "Likely", "_acme.propensity.newsletter.score >= 0.6", "d")
    assert (changed.id, changed.pql) == (made.id, "_acme.propensity.newsletter.score >= 0.6")
    with pytest.raises(PlatformError, match="PQL"):
        segments.change(made.id, "Likely", "_acme..score >=", "d")
    assert segments.ensure_daily_schedule() == segments.ensure_daily_schedule()
    segments.delete(made.id)
    assert segments.find("Likely") is None


def test_profile_policy_and_labels_answer(platform: Platform) -> None:
    assert platform.profiles.entity("nobody", "ECID") is None
    assert platform.profiles.entities(["nobody"], "ECID", ["_acme"]) == {}
    assert any(p.default for p in platform.profiles.merge_policies())
    dataset = platform.catalog.dataset_named("propensity_profiles")
    assert platform.labels.labels(dataset.id).dataset == ()
    assert platform.policies.evaluate(dataset.id, [], "exportToThirdParty").violated == ()
    assert "exportToThirdParty" in platform.policies.marketing_actions()


def test_the_landing_zone_opens(platform: Platform) -> None:
    zone = platform.landing_zone.open()
    with zone.filesystem.open_output_stream(zone.path("propensity", "hello.txt")) as out:
        out.write(b"hello")
    with zone.filesystem.open_input_stream(zone.path("propensity/hello.txt")) as file:
        assert file.read() == b"hello"


@pytest.fixture(scope="module")
def sql(platform: Platform) -> SqlClient:
    return SqlClient(platform)


def numbers(count: int) -> str:
    return f"SELECT id FROM (SELECT explode(sequence(1, {count})) AS id) AS numbers"


def test_small_reads_come_back_as_records(sql: SqlClient) -> None:
    assert sql.rows("SELECT 1 AS one, 'a' AS letter") == [{"one": 1, "letter": "a"}]
    assert sql.scalar("SELECT count(*) AS n FROM propensity_events") == 0
    assert sql.count("propensity_events", "eventType = 'it''s'") == 0
    assert "eventType" in sql.columns("propensity_events") or "eventtype" in sql.columns("propensity_events")
    assert "propensity_events" in {row["name"] for row in sql.rows("SHOW TABLES")}


def test_a_result_that_was_cut_is_refused_and_limit_0_gives_all(sql: SqlClient) -> None:
    with pytest.raises(DataError, match="exactly 50,000 rows"):
        sql.rows(numbers(60_000))
    assert len(sql.rows(f"{numbers(60_000)} LIMIT 0")) == 60_000
    assert len(sql.rows(numbers(49_999))) == 49_999


def test_a_stream_gives_every_row_in_batches(sql: SqlClient) -> None:
    pages = list(sql.stream(numbers(25_000), batch_rows=10_000))
    assert [len(page) for page in pages] == [10_000, 10_000, 5_000]
    assert sorted(row["id"] for page in pages for row in page) == list(range(1, 25_001))


def test_what_sql_refuses_is_one_of_our_errors(sql: SqlClient) -> None:
    with pytest.raises(NotFound) as missing:
        sql.rows("SELECT * FROM nowhere")
    assert missing.value.code == "42P01"
    with pytest.raises(PlatformError) as syntax:
        sql.rows("SELECT FROM WHERE")
    assert syntax.value.code == "42601"
    with pytest.raises(DataError, match="Expected one value"):
        sql.scalar(numbers(2))
