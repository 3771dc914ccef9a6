"""Ingestion against a scripted platform: what arrives is compared with what was sent, and patience has an end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests

from runner.errors import DataError, PlatformTimeout
from runner.ingestion import Waiting, ingest_parquet
from tests.unit.answering import Answer, Clock, ScriptedNetwork, platform, query_of

CATALOG, IMPORT = "/data/foundation/catalog", "/data/foundation/import"
DATASET = {"d1": {"name": "scores", "schemaRef": {"id": "s"}, "tags": {}}}


def batch(status: str, rows: int | None = None, failed: int = 0, external_id: str = "e1") -> dict[str, Any]:
    made: dict[str, Any] = {
        "status": status,
        "externalId": external_id,
        "relatedObjects": [{"type": "dataSet", "id": "d1"}],
    }
    if rows is not None:
        made["metrics"] = {"outputRecordCount": rows, "failedRecordCount": failed}
    return {"b1": made}


def script(by_external_id: Any, polled: Any, opened: Any = None) -> dict[str, Any]:
    return {
        f"GET {CATALOG}/dataSets": DATASET,
        f"GET {CATALOG}/batches": by_external_id,
        f"GET {CATALOG}/batches/b1": polled,
        f"POST {IMPORT}/batches": opened or Answer(201, {"id": "b1"}),
        f"PUT {IMPORT}/batches/b1/datasets/d1/files/part-00000.parquet": Answer(200, ""),
        f"POST {IMPORT}/batches/b1": Answer(200, ""),
        "GET /data/foundation/export/batches/b1/meta": Answer(404, {"title": "NotFound", "status": 404}),
    }


@pytest.fixture
def file(tmp_path: Path) -> Path:
    pq.write_table(pa.table({"n": [1, 2, 3]}), tmp_path / "three.parquet")
    return tmp_path / "three.parquet"


def run(network: ScriptedNetwork, file: Path, clock: Clock, **waiting: Any) -> Any:
    patience = Waiting(sleep=clock.sleep, clock=clock, **waiting)
    return ingest_parquet(platform(network, clock), "scores", [file], external_id="e1", waiting=patience)


def test_a_batch_is_opened_filled_completed_once_and_polled_ever_more_slowly(file: Path) -> None:
    clock = Clock()
    states = [batch(s) for s in ("loaded", "staging", "staging", "processing")]
    network = ScriptedNetwork(script({}, [*states, batch("success", 3)]))
    done = run(network, file, clock)
    assert (done.batch_id, done.rows, done.created) == ("b1", 3, True)
    body = json.loads(network.bodies[[r.method for r in network.seen].index("POST")])
    assert body["externalId"] == "e1"
    assert body["partialIngestionPercent"] == 0
    assert body["enableErrorDiagnostics"] is True
    assert [query_of(r)["action"] for r in network.calls("POST", "/b1")] == ["COMPLETE"]
    assert clock.slept == sorted(clock.slept)


def test_a_success_that_lost_rows_is_refused(file: Path) -> None:
    network = ScriptedNetwork(script({}, batch("success", 2, failed=1)))
    with pytest.raises(DataError, match="succeeded with 2 of 3 rows"):
        run(network, file, Clock())


def test_a_stuck_batch_is_named_when_time_is_up(file: Path) -> None:
    clock = Clock()
    network = ScriptedNetwork(script({}, batch("stalled")))
    with pytest.raises(PlatformTimeout, match="Batch b1 of 'scores' is still 'stalled' after 60 s"):
        run(network, file, clock, deadline=60)
    assert clock.now - 1000 <= 60


def test_a_batch_whose_opening_got_no_answer_is_found_by_its_external_id(file: Path) -> None:
    lost = requests.ConnectionError("reset after sending")
    network = ScriptedNetwork(script([{}, {}, {}, batch("loading")], batch("success", 3), lost))
    assert run(network, file, Clock()).batch_id == "b1"
    assert len(network.calls("POST", "/batches")) == 1


def test_an_upload_that_breaks_is_sent_again(file: Path) -> None:
    answers = script({}, batch("success", 3))
    put = f"PUT {IMPORT}/batches/b1/datasets/d1/files/part-00000.parquet"
    answers[put] = [Answer(503, ""), requests.ConnectionError("reset"), Answer(404, {"status": 404}), Answer(201, "")]
    network = ScriptedNetwork(answers)
    run(network, file, Clock())
    sent = [b for b, r in zip(network.bodies, network.seen, strict=True) if r.method == "PUT"]
    assert sent == [file.read_bytes()] * 4


def test_a_failed_batch_shows_its_own_errors(file: Path) -> None:
    failed = batch("failed")
    failed["b1"]["errors"] = [{"code": "INGEST-1401-400", "description": "The row is corrupt"}]
    with pytest.raises(DataError, match=r"ended as 'failed'.*INGEST-1401-400 The row is corrupt"):
        run(ScriptedNetwork(script({}, failed)), file, Clock())
