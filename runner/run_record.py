"""The record of a run: what was read, built, scored and published, kept in the platform.

Every record is a row of the dataset `propensity_runs` and is never changed; the newest of a run counts. Another
machine can thus go on with a run; the copy under `state_dir` is a cache and the fallback while the lake lags.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from runner.errors import DataError, PlatformError
from runner.ingestion import Progress, Waiting, ingest_parquet
from runner.platform import Platform
from runner.settings import Settings
from runner.sql import SqlClient, identifier, literal
from runner.workspace import write_json

EVENT_TYPE = "propensity.run"


@dataclass(frozen=True)
class RunRecord:
    """One record. `state` is the step that was reached; `body` is what the steps have to say, JSON-able.

    `recorded_at` is in UTC with milliseconds: the newest record of a run is the run's state.
    """

    run_id: str
    use_case: str
    as_of: date
    state: str
    body: Mapping[str, Any]
    recorded_at: datetime


class RunRecords:
    """Records of a sandbox.

    Args:
        settings: dataset name, tenant, and the folder of the cache.
        platform: where the records live.
        sql: used to read; records are read from files where SQL does not answer.
    """

    def __init__(self, settings: Settings, platform: Platform, sql: SqlClient | None = None) -> None:
        self._settings = settings
        self._platform = platform
        self._sql = sql or SqlClient(platform)

    def append(self, record: RunRecord, *, wait: bool = False, progress: Progress | None = None) -> str:
        """Add a record and return the batch id. The same record again changes nothing.

        Args:
            wait: wait until it is visible. Promotion takes minutes, which a step need not spend on its bookkeeping:
                until then this machine reads its own copy.
        """
        moment = record.recorded_at.astimezone(UTC)
        moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        record = replace(record, recorded_at=moment)
        with tempfile.TemporaryDirectory(prefix="propensity-") as folder:
            file = Path(folder) / "record.parquet"
            _write(file, record, self._tenant())
            done = ingest_parquet(
                self._platform,
                self._settings.datasets.runs,
                [file],
                external_id=f"{record.run_id}-record-{record.state}-{moment:%Y%m%dT%H%M%S%f}"[:-3],
                tags={"propensity/run": [record.run_id]},
                wait=wait,
                waiting=Waiting(deadline=self._settings.wait_seconds),
                progress=progress,
            )
        self._remember(record)
        return done.batch_id

    def newest(self, run_id: str) -> RunRecord | None:
        """The newest record of a run, wherever it is found, or None."""
        return max(
            (r for r in (*self._from_platform(run_id), *self._cached(run_id)) if r.run_id == run_id),
            key=lambda r: r.recorded_at,
            default=None,
        )

    def newest_of_use_case(self, use_case: str) -> RunRecord | None:
        """The newest record of the newest run (by as-of date) of a use case, or None."""
        found = [r for r in (*self._from_platform(None), *self._cached(None)) if r.use_case == use_case]
        return max(found, key=lambda r: (r.as_of, r.recorded_at), default=None)

    def all(self) -> list[RunRecord]:
        """Every record in the platform, oldest first."""
        return sorted(self._from_platform(None), key=lambda r: r.recorded_at)

    def _from_platform(self, run_id: str | None) -> list[RunRecord]:
        try:
            return self._by_sql(run_id)
        except PlatformError:
            return [r for r in self._by_files() if run_id in (None, r.run_id)]

    def _by_sql(self, run_id: str | None) -> list[RunRecord]:
        table = self._platform.catalog.dataset_named(self._settings.datasets.runs).table_name
        base = f"_{self._tenant()}.propensityRun"
        where = f" WHERE {base}.runId = {literal(run_id)}" if run_id is not None else ""
        rows = self._sql.rows(
            f"SELECT {base}.runId AS run_id, {base}.useCase AS use_case, {base}.state AS run_state, "
            f"{base}.body AS body, date_format({base}.asOf, 'yyyy-MM-dd') AS as_of, "
            f"date_format(timestamp, 'yyyy-MM-dd HH:mm:ss.SSS') AS recorded_at "
            f"FROM {identifier(table)}{where} LIMIT 10000"
        )
        return [
            RunRecord(
                run_id=str(row["run_id"]),
                use_case=str(row["use_case"]),
                as_of=date.fromisoformat(str(row["as_of"])),
                state=str(row["run_state"]),
                body=_body(row["body"], str(row["run_id"])),
                recorded_at=datetime.fromisoformat(str(row["recorded_at"])).replace(tzinfo=UTC),
            )
            for row in rows
        ]

    def _by_files(self) -> list[RunRecord]:
        """The records from the dataset's files, for where SQL is not licensed or does not answer."""
        import pyarrow.parquet as pq

        catalog, access = self._platform.catalog, self._platform.access
        dataset = catalog.dataset_named(self._settings.datasets.runs)
        found: list[RunRecord] = []
        with tempfile.TemporaryDirectory(prefix="propensity-") as folder:
            for batch in catalog.batches(dataset_id=dataset.id, status="success"):
                for file in access.download_batch(batch.id, Path(folder)):
                    found += _records(pq.read_table(file.path).to_pylist(), self._tenant())
        return found

    def _tenant(self) -> str:
        return (self._settings.tenant or self._platform.schemas.tenant()).lstrip("_")

    def _remember(self, record: RunRecord) -> None:
        name = f"{record.recorded_at.astimezone(UTC):%Y%m%dT%H%M%S%f}-{record.state}.json"
        write_json(self._settings.state_dir / "runs" / record.run_id / "records" / name, asdict(record))

    def _cached(self, run_id: str | None) -> list[RunRecord]:
        found = []
        for path in (self._settings.state_dir / "runs").glob(f"{run_id or '*'}/records/*.json"):
            content = json.loads(path.read_text(encoding="utf-8"))
            content["as_of"] = date.fromisoformat(content["as_of"])
            content["recorded_at"] = datetime.fromisoformat(content["recorded_at"])
            found.append(RunRecord(**content))
        return found


def _write(file: Path, record: RunRecord, tenant: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    moment = pa.timestamp("ms", tz="UTC")
    fields = {"runId": pa.string(), "useCase": pa.string(), "asOf": moment, "state": pa.string(), "body": pa.string()}
    run = pa.struct([pa.field(name, kind) for name, kind in fields.items()])
    schema = pa.schema(
        [
            pa.field("_id", pa.string()),
            pa.field("timestamp", moment),
            pa.field("eventType", pa.string()),
            pa.field(f"_{tenant}", pa.struct([pa.field("propensityRun", run)])),
        ]
    )
    body = json.dumps(dict(record.body), default=str, sort_keys=True)
    key = f"{record.run_id}|{record.state}|{record.recorded_at.isoformat()}|{body}"
    row = {
        "_id": hashlib.sha256(key.encode()).hexdigest()[:32],
        "timestamp": record.recorded_at,
        "eventType": EVENT_TYPE,
        f"_{tenant}": {
            "propensityRun": {
                "runId": record.run_id,
                "useCase": record.use_case,
                "asOf": datetime(record.as_of.year, record.as_of.month, record.as_of.day, tzinfo=UTC),
                "state": record.state,
                "body": body,
            }
        },
    }
    pq.write_table(pa.Table.from_pylist([row], schema=schema), file, coerce_timestamps="ms")


def _records(rows: Iterable[Mapping[str, Any]], tenant: str) -> list[RunRecord]:
    found = []
    for row in rows:
        run = row[f"_{tenant}"]["propensityRun"]
        found.append(
            RunRecord(
                run_id=run["runId"],
                use_case=run["useCase"],
                as_of=_utc(run["asOf"]).date(),
                state=run["state"],
                body=_body(run["body"], run["runId"]),
                recorded_at=_utc(row["timestamp"]),
            )
        )
    return found


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _body(text: object, run_id: str) -> dict[str, Any]:
    try:
        content = json.loads(str(text or "{}"))
    except ValueError:
        raise DataError(
            f"The record of run {run_id} is not JSON.", "Delete the run's records and run it again."
        ) from None
    return content if isinstance(content, dict) else {"value": content}
