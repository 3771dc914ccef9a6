"""Clock, tokens, documents and jobs: the small parts everything stands on."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from local_platform.clock import Clock
from local_platform.database import Database
from local_platform.documents import Documents, EtagMismatch
from local_platform.jobs import Jobs
from local_platform.tokens import Credentials, Tokens


def tokens(data_dir: Path) -> Tokens:
    return Tokens(Credentials.load(data_dir), org_id="ORG@AdobeOrg", client_id="client")


def test_a_moved_clock_stays_moved_and_never_goes_back(tmp_path: Path) -> None:
    database = Database(tmp_path / "catalog.sqlite")
    clock = Clock(database)
    before = clock.now()
    assert (clock.advance(3600) - before).total_seconds() >= 3600
    assert (Clock(database).now() - before).total_seconds() >= 3600
    with pytest.raises(ValueError, match="only goes forward"):
        clock.advance(-1)


def test_a_token_speaks_for_its_client_and_survives_a_restart(tmp_path: Path) -> None:
    token = tokens(tmp_path).issue(["openid"])
    principal = tokens(tmp_path).check(token)
    assert principal is not None
    assert (principal.org_id, principal.client_id, principal.scopes) == ("ORG@AdobeOrg", "client", ("openid",))


def test_an_expired_foreign_or_altered_token_is_nobody(tmp_path: Path) -> None:
    ours = tokens(tmp_path / "a")
    token = ours.issue()
    header, body, signature = token.split(".")
    assert ours.check(ours.issue(life_seconds=-1)) is None
    assert tokens(tmp_path / "b").check(token) is None
    for altered in ("", "x", "a.b.c", f"{header}.{body}x.{signature}", f"{header}.{body}.", "é"):
        assert ours.check(altered) is None


def test_the_non_expiring_password_is_known_by_having_no_end(tmp_path: Path) -> None:
    ours = tokens(tmp_path)
    principal = ours.check(ours.non_expiring_password)
    assert principal is not None
    assert principal.expires_at is None


def test_secrets_do_not_show_in_the_credentials_file_to_others(tmp_path: Path) -> None:
    Credentials.load(tmp_path)
    assert (tmp_path / "credentials.json").stat().st_mode & 0o077 == 0


def test_a_document_changes_only_for_who_has_seen_its_newest_form(tmp_path: Path) -> None:
    documents = Documents(Database(tmp_path / "catalog.sqlite"), Clock())
    first = documents.put("flows", "1", {"state": "enabled"})
    second = documents.put("flows", "1", {"state": "disabled"}, if_match=f'"{first.etag}"')
    assert second.etag != first.etag
    with pytest.raises(EtagMismatch, match="read it again"):
        documents.put("flows", "1", {}, if_match=first.etag)
    documents.put("flows", "2", {})
    assert [document.id for document in documents.all("flows")] == ["1", "2"]
    changed = documents.update("flows", "2", lambda body: {**body, "n": 1})
    assert (changed.body, documents.find("flows", lambda body: body.get("n") == 1)[0].id) == ({"n": 1}, "2")
    assert documents.delete("flows", "2")
    assert not documents.delete("flows", "2")
    with pytest.raises(KeyError):
        documents.update("flows", "2", dict)


def test_a_change_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path / "catalog.sqlite")
    documents = Documents(database, Clock())

    def half() -> None:
        with database.write():
            documents.put("flows", "1", {})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert documents.all("flows") == []


def test_jobs_run_when_their_time_has_come_and_not_before() -> None:
    clock = Clock()
    jobs = Jobs(clock, delays=True)
    ran: list[str] = []
    jobs.start()
    try:
        jobs.submit("late", lambda: ran.append("late"), after_seconds=100)
        jobs.submit("now", lambda: ran.append("now"))
        jobs.submit("broken", lambda: ran.remove("nothing"))
        assert jobs.drain(10)
        assert ran == ["now"]
        clock.advance(101)
        assert jobs.drain(10)
        assert ran == ["now", "late"]
    finally:
        jobs.stop()


def test_a_leap_of_the_clock_ends_a_whole_chain_of_steps() -> None:
    clock = Clock()
    jobs = Jobs(clock, delays=True)
    done = threading.Event()
    jobs.start()
    try:
        jobs.submit("first", lambda: jobs.submit("second", done.set, after_seconds=60), after_seconds=60)
        clock.advance(86_400)
        assert jobs.drain(10)
        assert done.is_set()
    finally:
        jobs.stop()


def test_without_delays_a_chain_of_jobs_is_done_when_the_queue_is_drained() -> None:
    jobs = Jobs(Clock(), delays=False)
    done = threading.Event()
    jobs.start()
    try:
        jobs.submit("first", lambda: jobs.submit("second", done.set, after_seconds=999), after_seconds=999)
        assert jobs.drain(10)
        assert done.is_set()
    finally:
        jobs.stop()
