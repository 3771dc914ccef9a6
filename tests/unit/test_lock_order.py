"""The profile store's lock comes before the database's: the other way round two threads could wait for ever."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from local_platform.context import Context, Options
from local_platform.services.external_audiences.audiences import ExternalAudiences
from local_platform.services.profile import routes as profile
from local_platform.services.profile.state import DeleteJobs


@pytest.fixture
def context(tmp_path: Path) -> Context:
    made = Context.open(Options(tmp_path / "data", delays="none"))
    profile.attach(made)
    return made


def writes_meanwhile(context: Context, work: Any) -> bool:
    """Whether the database can be written while `work` waits for the profile store."""
    thread = threading.Thread(target=work, daemon=True)
    with context.profile_store._lock:
        thread.start()
        thread.join(0.3)
        free = context.database._writer.acquire(timeout=2)
        if free:
            context.database._writer.release()
    thread.join(30)
    return free and not thread.is_alive()


def test_a_delete_request_does_not_hold_the_database_while_it_waits_for_profile(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = context.lake.create_dataset("d", pa.schema([("a", pa.string())]), owner="o", created_by="api")
    job = DeleteJobs(context).create({"dataSetId": dataset.id})
    # It waits at its deletion, not at the catching up before.
    monkeypatch.setattr(context.profile_store, "catch_up", lambda: None)
    assert writes_meanwhile(context, lambda: DeleteJobs(context)._run(job["id"]))
    assert DeleteJobs(context).get(job["id"])["status"] == "COMPLETED"


def test_external_audiences_are_emptied_and_deleted_without_waiting_for_profile(context: Context) -> None:
    dataset = context.lake.create_dataset("d", pa.schema([("a", pa.string())]), owner="o", created_by="system")
    audiences = ExternalAudiences(context)
    kept = {"datasetId": dataset.id, "namespace": "n", "ttlInDays": 1, "ingestedAt": 0}
    for id in ("one", "two"):
        audiences.put({"id": id, "name": id, **kept})
    assert writes_meanwhile(context, lambda: audiences.expire(context.clock.now()))
    assert audiences.get("one")["emptied"]
    assert writes_meanwhile(context, lambda: audiences.delete("two"))
