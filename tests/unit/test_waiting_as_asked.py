"""How long a service asks us to wait is understood in every spelling, and never without end; the token's too."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, formatdate
from typing import Any

import pytest

from runner.errors import AuthenticationError, PlatformError, RateLimited, Unavailable
from tests.unit.answering import Answer, Clock, ScriptedNetwork, platform

STATS = "GET /data/foundation/schemaregistry/stats/"
PROFILE = "GET /data/core/ups/access/entities"
TENANT = Answer(body={"tenantId": "acme"})
TOKEN = Answer(body={"access_token": "t", "token_type": "bearer", "expires_in": 86399})


def waited(header: str, status: int = 429) -> list[float]:
    clock = Clock()
    client = platform(ScriptedNetwork({STATS: [Answer(status, "", {"Retry-After": header}), TENANT]}), clock)
    assert client.schemas.tenant() == "acme"
    return clock.slept


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("header", "seconds"), [("7", 7), (" 0.5 ", 0.5), ("0", 0), ("-30", 0), ("1e1", 10)])
def test_seconds_are_waited_as_asked(header: str, seconds: float, status: int) -> None:
    assert waited(header, status) == [seconds]


def test_a_date_is_waited_for_and_one_that_has_passed_is_no_wait() -> None:
    (later,) = waited(formatdate(time.time() + 20, usegmt=True))
    assert 15 < later <= 20
    (elsewhere,) = waited(format_datetime(datetime.now(UTC) + timedelta(seconds=20)))
    assert 15 < elsewhere <= 20
    assert waited("Wed, 21 Oct 2015 07:28:00 GMT") == [0]


@pytest.mark.parametrize(
    "header", ["soon", "nan", "a, b", "Wed, 99 Foo 2015 77:28:00 GMT", "Wed, 21 Oct 99999 07:28:00 GMT", "1,5", "\t"]
)
def test_what_cannot_be_understood_is_waited_for_as_if_nothing_had_been_said(header: str) -> None:
    (delay,) = waited(header)
    assert 0 < delay <= 0.5


@pytest.mark.parametrize("header", ["100000", "inf", "1e300", "Fri, 31 Dec 9998 07:28:00 GMT"])
def test_a_huge_wait_is_told_and_not_waited(header: str) -> None:
    clock = Clock()
    network = ScriptedNetwork({STATS: Answer(429, "", {"Retry-After": header})})
    with pytest.raises(RateLimited, match="The service asks to wait") as seen:
        platform(network, clock).schemas.tenant()
    assert (clock.slept, seen.value.status) == ([], 429)


@pytest.mark.parametrize(("said", "seconds"), [("2500", 2.5), (2500, 2.5), ("2500.7", 2.5)])
def test_profile_asks_in_milliseconds(said: Any, seconds: float) -> None:
    busy = Answer(429, [{"message": "Too many requests", "retryAfterMs": said}])
    clock = Clock()
    assert platform(ScriptedNetwork({PROFILE: [busy, {}]}), clock).profiles.entity("u", "ECID") is None
    assert clock.slept == [seconds]


@pytest.mark.parametrize("said", ["soon", -5, None, [], {}, True, 1e400])
def test_milliseconds_that_make_no_sense_are_ignored(said: Any) -> None:
    busy = Answer(429, [{"message": "Too many requests", "retryAfterMs": said}])
    clock = Clock()
    assert platform(ScriptedNetwork({PROFILE: [busy, {}]}), clock).profiles.entity("u", "ECID") is None
    assert 0 < clock.slept[0] <= 0.5


# -- the token endpoint ---------------------------------------------------------------------------------------------


class TokenScript(ScriptedNetwork):
    """A network whose token endpoint works a script off; its last answer stays."""

    def __init__(self, *answers: Answer) -> None:
        super().__init__({STATS: TENANT})
        self.answers = list(answers)

    def send(self, request: Any, **options: Any) -> Any:
        self.token_answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if "/ims/" not in str(request.url):
            self.answers.insert(0, self.token_answer)
        return super().send(request, **options)


def test_ims_is_asked_again_when_it_says() -> None:
    clock = Clock()
    busy = Answer(429, "", {"Retry-After": "11"})
    network = TokenScript(busy, Answer(503, "", {"Retry-After": "3"}), TOKEN)
    assert platform(network, clock).schemas.tenant() == "acme"
    assert clock.slept == [11, 3]


def test_ims_that_stays_busy_is_given_up_in_time() -> None:
    for header in ("50", "100000", "inf"):
        clock = Clock()
        with pytest.raises(RateLimited, match="IMS asks to wait") as seen:
            platform(TokenScript(Answer(429, "", {"Retry-After": header})), clock).schemas.tenant()
        assert clock.now - 1000 <= 120
        assert (seen.value.service, seen.value.status) == ("IMS", 429)


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (Answer(400, {"error": "invalid_client", "error_description": "d"}), AuthenticationError, "AEP_CLIENT_SECRET"),
        (Answer(400, {"error": "invalid_scope"}), AuthenticationError, "AEP_SCOPES"),
        (Answer(401, ""), AuthenticationError, "refused the credentials"),
        (Answer(403, "<html>proxy</html>", {"Content-Type": "text/html"}), PlatformError, "AEP_IMS_URL"),
        (Answer(404, "nothing here"), PlatformError, "404.*AEP_IMS_URL"),
        (Answer(302, "", {"Location": "https://elsewhere.test"}), PlatformError, "302.*AEP_IMS_URL"),
        (Answer(500, "<html>broken</html>"), Unavailable, "500.*broken"),
        (Answer(200, "<html>log in</html>"), Unavailable, "not a token"),
        (Answer(200, ""), Unavailable, "not a token"),
        (Answer(200, [1]), Unavailable, "not a token"),
        (Answer(200, "[" * 100_000), Unavailable, "not a token"),
        (Answer(200, {"access_token": None, "expires_in": 1}), Unavailable, "not a token"),
        (Answer(200, {"access_token": ["t"], "expires_in": 1}), Unavailable, "not a token"),
        (Answer(200, {"access_token": "t\r\nX: y", "expires_in": 1}), Unavailable, "not a token"),
        (Answer(200, {"access_token": "", "expires_in": 1}), Unavailable, "not a token"),
        (Answer(200, {"access_token": "t"}), Unavailable, "not a token"),
        (Answer(200, {"access_token": "t", "expires_in": "soon"}), Unavailable, "not a token"),
        (Answer(200, {"access_token": "t", "expires_in": -1}), Unavailable, "not a token"),
        (Answer(200, {"access_token": "t", "expires_in": 1e400}), Unavailable, "not a token"),
        (Answer(200, '{"access_token": "t", "exp', cut=20), Unavailable, "AEP_IMS_URL"),
    ],
)
def test_an_answer_that_is_no_token_is_named(answer: Answer, error: type[PlatformError], words: str) -> None:
    with pytest.raises(error, match=words) as seen:
        platform(TokenScript(answer)).schemas.tenant()
    assert type(seen.value) is error
    assert seen.value.service == "IMS"
    assert seen.value.remedy
