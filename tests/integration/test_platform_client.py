"""The client over real sockets: against a server that misbehaves, and against the local platform."""

from __future__ import annotations

import pytest

from runner.errors import PlatformTimeout, Unavailable
from runner.platform import Patience, Platform
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
