"""The session under the client: no failure looks like a result, nothing unsafe is repeated, no secret leaks."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
import requests
from urllib3.exceptions import NewConnectionError

from runner.errors import (
    AuthenticationError,
    Conflict,
    NotFound,
    PermissionDenied,
    PlatformError,
    PlatformTimeout,
    RateLimited,
    Unavailable,
)
from tests.unit.answering import API, SECRET, Answer, Clock, ScriptedNetwork, connection, platform, query_of

STATS = "GET /data/foundation/schemaregistry/stats/"
FLOW = "GET /data/foundation/flowservice/flows/f1"
PROFILE = "GET /data/core/ups/access/entities"
NEW_BATCH = "POST /data/foundation/import/batches"
TENANT = {"tenantId": "acme"}


def test_every_request_names_client_organisation_and_sandbox() -> None:
    network = ScriptedNetwork({STATS: TENANT})
    assert platform(network).schemas.tenant() == "acme"
    headers = network.seen[0].headers
    assert headers["Authorization"] == "Bearer token-1"
    assert headers["x-api-key"] == "propensity-client"
    assert headers["x-gw-ims-org-id"] == "A1B2C3D4E5F60718293A4B5C@AdobeOrg"
    assert headers["x-sandbox-name"] == "dev"
    assert len(headers["x-request-id"]) == 36
    assert str(network.seen[0].url).startswith(API)


def test_certificates_are_verified_although_aepp_says_not_to() -> None:
    network = ScriptedNetwork({STATS: TENANT, NEW_BATCH: Answer(201, {"id": "b1"})})
    client = platform(network)
    client.schemas.tenant()
    client.ingestion.open_batch("d1", external_id="e1")
    assert len(network.options) == 2
    assert all(options["verify"] for options in network.options)  # True, or the bundle of REQUESTS_CA_BUNDLE
    assert all(options["timeout"] == (10, 120) for options in network.options)


def test_one_token_serves_all_services() -> None:
    network = ScriptedNetwork({STATS: TENANT, "GET /data/core/idnamespace/identities": [[]], FLOW: {"items": []}})
    client = platform(network)
    client.schemas.tenant()
    client.identities.namespaces()
    with pytest.raises(NotFound):
        client.flows.flow("f1")
    assert network.tokens == 1


DIALECTS: list[tuple[int, Any, type[PlatformError], str]] = [
    (403, {"error_code": "403025", "message": "Profile is not valid"}, PermissionDenied, "Profile is not valid"),
    (403, {"error_code": 403003, "message": "Api Key is invalid"}, AuthenticationError, "Api Key is invalid"),
    (400, {"error_code": "400003", "message": "Missing header"}, AuthenticationError, "Missing header"),
    (
        404,
        {
            "type": "http://ns.adobe.com/aep/errors/XDM-1012-404",
            "title": "Resource Not Found",
            "status": 404,
            "report": {"registryRequestId": "r"},
            "detail": "Requested resource is not found",
        },
        NotFound,
        "Requested resource is not found",
    ),
    (400, {"title": "Bad", "status": 400, "detail": "Title must be unique. An object exists"}, Conflict, "unique"),
    (404, {"errorMessage": "flows not found with id = [f1]", "errorDetails": "gone"}, NotFound, "flows not found"),
    (412, {"errorMessage": "Supplied version=[1] does not match", "errorDetails": ""}, Conflict, "does not match"),
    (
        403,
        {
            "requestId": "q",
            "errors": {"403": [{"code": 403, "message": "not enabled"}]},
            "type": "https://ns.adobe.com/aep/errors/UPAPI-113740-403",
            "title": "Forbidden",
            "status": 403,
        },
        PermissionDenied,
        "not enabled",
    ),
    (422, {"message": "UPS-MRG-1", "cause": "too many", "statusCode": "422"}, PlatformError, "UPS-MRG-1"),
    (
        409,
        {"code": "PES-409", "message": "Policy conflict error", "violations": [{"violatedPolicies": [{"name": "p9"}]}]},
        Conflict,
        "p9",
    ),
    (500, "<html><body><h1>Bad</h1> gateway</body></html>", Unavailable, "Bad gateway"),
    (503, "", Unavailable, "empty answer"),
    (
        429,
        [{"message": "Too many requests", "cause": "x", "retryAfterMs": "500", "statusCode": "429"}],
        RateLimited,
        "Too many requests",
    ),
    (302, "", PlatformError, "302"),
]


@pytest.mark.parametrize(("status", "body", "kind", "text"), DIALECTS)
def test_an_error_answer_is_raised_from_inside_aepp_in_every_dialect(
    status: int, body: Any, kind: type[PlatformError], text: str
) -> None:
    network = ScriptedNetwork({STATS: Answer(status, body)})
    with pytest.raises(kind) as caught:
        platform(network).schemas.tenant()
    assert type(caught.value) is kind
    assert caught.value.service == "Schema Registry"
    assert caught.value.status == status
    assert text in str(caught.value)
    assert caught.value.remedy
    assert caught.value.request_id == network.seen[-1].headers["x-request-id"]


@pytest.mark.parametrize(
    "trouble",
    [
        Answer(502, "<html>bad gateway</html>"),
        Answer(200, "<html>please log in</html>"),
        Answer(200, '{"tenantId": "ac', cut=10),
        requests.ConnectionError("reset"),
        requests.ReadTimeout("stalled"),
    ],
)
def test_a_read_is_tried_again_until_it_is_whole(trouble: Any) -> None:
    network = ScriptedNetwork({STATS: [trouble, trouble, Answer(body=TENANT)]})
    clock = Clock()
    assert platform(network, clock).schemas.tenant() == "acme"
    assert len(network.seen) == 3
    assert len({r.headers["x-request-id"] for r in network.seen}) == 3
    assert len(clock.slept) == 2


@pytest.mark.parametrize("trouble", [Answer(503, ""), requests.ConnectionError("reset"), requests.ReadTimeout("stall")])
def test_a_write_is_sent_once(trouble: Any) -> None:
    network = ScriptedNetwork({NEW_BATCH: trouble})
    with pytest.raises((Unavailable, PlatformTimeout)):
        platform(network).ingestion.open_batch("d1", external_id="e1")
    assert len(network.seen) == 1


def test_a_write_that_never_left_is_sent_again() -> None:
    refused = requests.ConnectionError(NewConnectionError(None, "refused"))  # type: ignore[arg-type]
    network = ScriptedNetwork({NEW_BATCH: [refused, Answer(201, {"id": "b1"})]})
    assert platform(network).ingestion.open_batch("d1", external_id="e1") == "b1"


def test_a_rate_limit_is_waited_out_as_long_as_the_service_asks() -> None:
    profiles = [{"message": "Too many requests", "retryAfterMs": "2500", "statusCode": "429"}]
    network = ScriptedNetwork(
        {
            STATS: [Answer(429, "", {"Retry-After": "7"}), Answer(body=TENANT)],
            PROFILE: [Answer(429, profiles), Answer(body={})],
        }
    )
    clock = Clock()
    client = platform(network, clock)
    client.schemas.tenant()
    assert client.profiles.entity("u1", "ECID") is None
    assert clock.slept == [7.0, 2.5]


def test_a_rate_limited_write_is_repeated_because_it_was_not_done() -> None:
    network = ScriptedNetwork({NEW_BATCH: [Answer(429, ""), Answer(201, {"id": "b1"})]})
    assert platform(network).ingestion.open_batch("d1", external_id="e1") == "b1"


def test_total_time_is_bounded() -> None:
    network = ScriptedNetwork({STATS: Answer(429, "", {"Retry-After": "100"})})
    clock = Clock()
    with pytest.raises(RateLimited, match="asks to wait 100 s"):
        platform(network, clock, total=240).schemas.tenant()
    assert clock.now - 1000 <= 240


def test_a_refused_token_is_renewed_once() -> None:
    gone = Answer(401, {"error_code": "401013", "message": "Oauth token is not valid"})
    network = ScriptedNetwork({STATS: [gone, Answer(body=TENANT)]})
    assert platform(network).schemas.tenant() == "acme"
    assert [r.headers["Authorization"] for r in network.seen] == ["Bearer token-1", "Bearer token-2"]


def test_a_second_refusal_is_final_and_names_the_client_but_not_the_token() -> None:
    network = ScriptedNetwork({STATS: Answer(401, {"error_code": "401013", "message": "Oauth token is not valid"})})
    with pytest.raises(AuthenticationError) as caught:
        platform(network).schemas.tenant()
    assert len(network.seen) == 2
    assert "propensity-client" in str(caught.value)
    assert "token-" not in str(caught.value)


def test_a_write_with_a_refused_token_is_repeated_whole(tmp_path: Path) -> None:
    file = tmp_path / "part.parquet"
    file.write_bytes(b"PAR1 rows PAR1")
    put = "PUT /data/foundation/import/batches/b1/datasets/d1/files/part-0.parquet"
    network = ScriptedNetwork({put: [Answer(401, ""), Answer(503, ""), Answer(200, "")]})
    platform(network).ingestion.upload("b1", "d1", "part-0.parquet", file)
    assert network.bodies == [b"PAR1 rows PAR1"] * 3
    assert network.seen[0].headers["Content-Type"] == "application/octet-stream"


def test_wrong_credentials_say_which_variables_to_check() -> None:
    body = {"error": "invalid_client", "error_description": "invalid client_secret parameter"}
    network = ScriptedNetwork(token_answer=Answer(400, body))
    with pytest.raises(AuthenticationError) as caught:
        platform(network).schemas.tenant()
    assert "AEP_CLIENT_SECRET" in str(caught.value)
    assert "invalid client_secret parameter" in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("answer", [Answer(503, ""), Answer(200, "<html>"), Answer(200, {"expires_in": 1})])
def test_a_token_endpoint_that_answers_nonsense_is_unavailable(answer: Answer) -> None:
    with pytest.raises(Unavailable):
        platform(ScriptedNetwork(token_answer=answer)).schemas.tenant()


def test_a_token_is_renewed_before_it_expires() -> None:
    network, clock = ScriptedNetwork({STATS: Answer(body=TENANT)}), Clock()
    client = platform(network, clock)
    client.schemas.tenant()
    clock.now += 86_000
    client.schemas.tenant()
    assert network.tokens == 2


def test_no_secret_is_logged_printed_or_shown(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    echo = {
        "title": "Bad",
        "status": 400,
        "detail": "header Authorization: Bearer token-1 and eyJhbGciOiJIUzI1NiJ9.x.y",
    }
    network = ScriptedNetwork({STATS: Answer(400, echo)})
    client = platform(network)
    with pytest.raises(PlatformError) as caught:
        client.schemas.tenant()
    library = client.schemas.library
    shown = [
        str(caught.value),
        caught.value.detail,
        caplog.text,
        *capsys.readouterr(),
        repr(client),
        repr(client.session.tokens),
    ]
    shown += [str(vars(library.connector)), str(library.header), repr(connection())]
    for text in shown:
        assert SECRET not in text
        assert "token-1" not in text
        assert "eyJ" not in text
    assert "/stats/ -> 400" in caplog.text


def test_a_netrc_file_does_not_replace_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine api.example.test login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    network = ScriptedNetwork({STATS: TENANT})
    platform(network).schemas.tenant()
    assert network.seen[0].headers["Authorization"] == "Bearer token-1"


def test_a_redirect_is_not_followed() -> None:
    network = ScriptedNetwork({NEW_BATCH: Answer(307, "", {"Location": "https://elsewhere.test/"})})
    with pytest.raises(PlatformError, match="307"):
        platform(network).ingestion.open_batch("d1", external_id="e1")
    assert len(network.seen) == 1


def test_no_request_leaves_for_another_host() -> None:
    network = ScriptedNetwork({"GET /data/core/idnamespace/identities": [[]]})
    client = platform(network)
    client.identities.namespaces()
    assert str(network.seen[0].url).startswith(API)
    with pytest.raises(PlatformError, match=r"platform\.adobe\.io was stopped"):
        client.segmentation.library.connector.getData("https://platform.adobe.io/data/foundation/audit/events")
    assert len(network.seen) == 1


def test_the_methods_for_external_audiences_keep_to_the_configured_address() -> None:
    base = "/data/core/ais/external-audience"
    answers: dict[str, object] = {
        f"POST {base}/": {"operationId": "o"},
        f"GET {base}/operations/o": {"status": "SUCCESS"},
        f"POST {base}/a/runs": {"runId": "r"},
        f"GET {base}/a/runs/r": {"status": "SUCCESS"},
    }
    network = ScriptedNetwork(answers)
    library = platform(network).segmentation.library
    assert library.createExtenalAudience({"name": "x"}) == {"operationId": "o"}
    assert library.getExternalAudienceStatus("o") == {"status": "SUCCESS"}
    assert library.runExternalAudienceJob("a", startTime=1) == {"runId": "r"}
    assert library.getExternalAudienceJob("a", "r") == {"status": "SUCCESS"}
    assert [str(sent.url).startswith(API + base) for sent in network.seen] == [True] * 4


def test_two_platforms_in_one_process_keep_to_themselves() -> None:
    first, second = ScriptedNetwork({STATS: TENANT}), ScriptedNetwork({STATS: {"tenantId": "other"}})
    one, two = platform(first), platform(second)
    assert (one.schemas.tenant(), two.schemas.tenant(), one.schemas.tenant()) == ("acme", "other", "acme")
    assert (len(first.seen), len(second.seen)) == (2, 1)


def test_an_answer_without_what_was_promised_is_an_error() -> None:
    with pytest.raises(Unavailable, match="tenantId"):
        platform(ScriptedNetwork({STATS: {"imsOrg": "x"}})).schemas.tenant()


def test_queries_travel_as_parameters() -> None:
    network = ScriptedNetwork({PROFILE: {}})
    platform(network).profiles.entity("a+b@c & d", "ECID", ["_acme.propensity"])
    assert query_of(network.seen[0]) == {
        "schema.name": "_xdm.context.profile",
        "entityId": "a+b@c & d",
        "entityIdNS": "ECID",
        "fields": "_acme.propensity",
    }
