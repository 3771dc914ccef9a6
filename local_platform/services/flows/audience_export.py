"""Audience activation to files: members of the newest evaluation, mapped fields, CSV, JSON or Parquet.

A run takes the memberships as they are when it is recorded as due; it evaluates nothing.
"""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from local_platform.context import Context
from local_platform.landing_zone import CONTAINERS
from local_platform.pql.values import quoted_name, quoted_text
from local_platform.profile_store.engine import parquet
from local_platform.profile_store.ledger import Membership
from local_platform.services.data_prep.mapping import Rule
from local_platform.services.data_prep.state import MappingSets
from local_platform.services.flows.runs import OPEN, records
from local_platform.services.flows.specs import AUDIENCE_FLOWS
from local_platform.services.flows.state import FlowState
from local_platform.services.flows.templates import render, safe_path
from local_platform.services.profile.state import store_of

log = logging.getLogger("local_platform.flows")

Json = dict[str, Any]
DEFAULT_TEMPLATE = "%DESTINATION_NAME%_%SEGMENT_ID%_%DATETIME(YYYYMMdd_HHmmss)%"
RUN_SECONDS = 300.0
# Files are split at this many rows, in numbered parts.
ROWS_PER_FILE = 5_000_000
_EXTENSIONS = {"CSV": "csv", "JSON": "json", "PARQUET": "parquet"}
_PROGRESS = "flows.activated"


class NothingMapped(Exception):
    """The flow names no field to export."""


@dataclass(frozen=True)
class Selected:
    """An audience of a flow, as its selector says."""

    segment_id: str
    name: str
    template: str
    export_mode: str
    schedule: Json

    def covers(self, day: date) -> bool:
        """Whether its schedule includes a day."""
        start, end = (
            str(self.schedule.get("startDate", ""))[:10],
            str(self.schedule.get("endDate") or "9999-12-31")[:10],
        )
        return start <= day.isoformat() <= end


def selected(flow: Json) -> list[Selected]:
    """All audiences of a flow."""
    found: list[Selected] = []
    for transformation in flow.get("transformations") or []:
        selectors = ((transformation.get("params") or {}).get("segmentSelectors") or {}).get("selectors") or []
        for value in (selector["value"] for selector in selectors):
            template = value.get("filenameTemplate") or value.get("fileNameTemplate") or DEFAULT_TEMPLATE
            found.append(
                Selected(value["id"], str(value.get("name", "")), str(template), value["exportMode"], value["schedule"])
            )
    return found


def run_after_evaluation(context: Context, schedule_id: str, at: datetime) -> list[str]:
    """Runs of all flows whose audiences are to be exported after the daily evaluation of ``at``; returns their ids."""
    return [
        _run_now(context, flow.id, due, f"after/{schedule_id}", at)
        for flow in FlowState(context).all("flows")
        if flow.body["flowSpec"]["id"] in AUDIENCE_FLOWS and flow.body["state"] == "enabled"
        if (due := [item for item in selected(flow.body) if _after_evaluation(item, at)])
    ]


def _after_evaluation(item: Selected, at: datetime) -> bool:
    once_is_over = (
        item.schedule["frequency"] == "ONCE" and str(item.schedule["startDate"])[:10] != at.date().isoformat()
    )
    return item.schedule["triggerType"] == "AFTER_SEGMENT_EVAL" and item.covers(at.date()) and not once_is_over


def _run_now(context: Context, flow_id: str, due: list[Selected], cause: str, at: datetime) -> str:
    """Record and execute a run whose id follows from its cause, so that a repeat after a crash is the same run."""
    id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"flow-run/{flow_id}/{cause}/{at.isoformat()}"))
    work = {"kind": "audiences", "segments": [item.segment_id for item in due]}
    FlowState(context).runs.create(flow_id, work, id=id, at_ms=int(at.timestamp() * 1000))
    execute(context, id)
    return id


def due_times(item: Selected, after: datetime, until: datetime) -> list[datetime]:
    """Times in (after, until] at which a SCHEDULED audience is exported."""
    if item.schedule["triggerType"] != "SCHEDULED":
        return []
    hour = int(str(item.schedule["startTime"])[:2])
    moment = datetime.fromisoformat(str(item.schedule["startDate"])[:10]).replace(hour=hour, tzinfo=UTC)
    frequency = str(item.schedule["frequency"])
    hours = int(frequency.split("_")[1]) if frequency.startswith("EVERY_") else 24
    found: list[datetime] = []
    while moment <= until and item.covers(moment.date()):
        if moment > after:
            found.append(moment)
        if frequency == "ONCE":
            break
        moment += timedelta(hours=hours)
    return found


def run_scheduled(context: Context, flow_id: str, segment_id: str, at: datetime) -> None:
    """The scheduled export of one audience."""
    flow = FlowState(context).get("flows", flow_id).body
    due = [item for item in selected(flow) if item.segment_id == segment_id]
    _run_now(context, flow_id, due, f"scheduled/{segment_id}", at)


def request(context: Context, flow_id: str, segment_id: str) -> str:
    """Record an ad hoc run of one audience and start it soon; returns its id."""
    runs = FlowState(context).runs
    run_id = runs.create(flow_id, {"kind": "audiences", "segments": [segment_id], "full": True})
    submit(context, run_id)
    return run_id


def submit(context: Context, run_id: str) -> None:
    """Let a recorded run be processed after its time."""
    runs = FlowState(context).runs
    context.jobs.submit(f"run {run_id} starts", lambda: runs.start(run_id))
    context.jobs.submit(f"run {run_id}", lambda: execute(context, run_id), after_seconds=RUN_SECONDS)


def execute(context: Context, run_id: str) -> None:
    """Do what a recorded run asks for. Repeated after a crash it writes the same files again."""
    state = FlowState(context)
    work, run = state.runs.work(run_id), state.runs.get(run_id)
    if work is None or run is None or state.runs.status(run_id) not in OPEN:
        return
    flow_id = str(run["flowId"])
    at = datetime.fromtimestamp(int(run["createdAt"]) / 1000, UTC)
    try:
        flow = state.get("flows", flow_id).body
        exporter = _Exporter(context, state, flow_id, flow, run_id, at)
        summary = exporter.export([item for item in selected(flow) if item.segment_id in work["segments"]],
                                  full=bool(work.get("full")))  # fmt: skip
    except NothingMapped as fault:
        state.runs.fail(run_id, str(fault))
        return
    except Exception as fault:
        # A run that cannot be done is a failed run, not a failed platform.
        log.exception("Run %s of flow %s failed", run_id, flow_id)
        state.runs.fail(run_id, f"Job aborted. {fault}")
        return
    with context.database.write():
        for segment_id in work["segments"]:
            context.documents.put(_PROGRESS, f"{flow_id}:{segment_id}", {"ms": int(run["createdAt"])})
        state.runs.succeed(run_id, summary)


class _Exporter:
    def __init__(self, context: Context, state: FlowState, flow_id: str, flow: Json, run_id: str, at: datetime) -> None:
        self._context, self._flow_id, self._flow, self._run_id, self._at = context, flow_id, flow, run_id, at
        self._state = state
        self._store = store_of(context)
        self._params: Json = state.target_of(flow)["params"]
        self._transformation: Json = (flow.get("transformations") or [{}])[0].get("params") or {}
        self._columns = _columns(context, self._transformation)

    def export(self, audiences: list[Selected], *, full: bool) -> Json:
        """Write the files of all audiences; returns the run's summaries."""
        entities: list[Json] = []
        rows_in = rows_out = size = files = 0
        for audience in audiences:
            membership = self._store.ledger.membership(audience.segment_id)
            if membership is None:
                continue
            since = None if full or audience.export_mode == "DAILY_FULL_EXPORT" else self._last(audience.segment_id)
            sql = self._rows_sql(audience, membership, since)
            found, written = self._count(sql), self._count(self._kept(sql))
            key_size, key_files = self._write(audience, self._kept(sql), written)
            rows_in, rows_out = rows_in + found, rows_out + written
            size, files = size + key_size, files + key_files
            entities.append(
                {"id": f"segment:{audience.segment_id}", "inputRecordCount": found, "outputRecordCount": written,
                 "skippedRecordCount": found - written, "name": audience.name}
            )  # fmt: skip
        reason = {"code": "ACTIVATION_BATCH-0000-SKIP", "message": "Records didn't match attribute filter.",
                  "count": rows_in - rows_out}  # fmt: skip
        summary = records(rows_in, rows_out, skipped=[reason] if rows_in > rows_out else None)
        target = {"id": self._flow["targetConnectionIds"][0], "entitySummaries": entities}
        return {
            "sizeSummary": {"inputBytes": size, "outputBytes": size},
            "recordSummary": {**summary, "targetSummaries": [target]},
            "fileSummary": {"inputFileCount": files, "outputFileCount": files},
        }

    def _last(self, segment_id: str) -> datetime | None:
        stored = self._context.documents.get(_PROGRESS, f"{self._flow_id}:{segment_id}")
        return None if stored is None else datetime.fromtimestamp(stored.body["ms"] / 1000, UTC)

    def _rows_sql(self, audience: Selected, membership: Membership, since: datetime | None) -> str:
        merged = self._store.merged()
        members = parquet([self._store.directory / "memberships" / membership.file])
        chosen = ", ".join(
            f"{_source_sql(item.source, audience.segment_id, merged.types)} AS {quoted_name(item.destination)}"
            for item in self._columns
        )
        newer = f" AND s.since > TIMESTAMP '{since.replace(tzinfo=None)}'" if since else ""
        sql = (
            f'SELECT {chosen} FROM {parquet([merged.file])} m JOIN {members} s ON m."@namespace" = s."@namespace" '
            f'AND m."@identity" = s."@identity" WHERE s.status = \'realized\'{newer}'
        )
        key = self._deduplication()
        if key is not None and key in merged.types:
            # Of several profiles with one value of the key, the one that changed last is delivered.
            sql += f' QUALIFY row_number() OVER (PARTITION BY m.{quoted_name(key)} ORDER BY m."@modified_ms" DESC) = 1'
        return sql + ' ORDER BY m."@namespace", m."@identity"'

    def _deduplication(self) -> str | None:
        fields = self._transformation.get("primaryFields") or []
        return next((str(item["attributePath"]) for item in fields if item.get("fieldType") == "ATTRIBUTE"), None)

    def _kept(self, sql: str) -> str:
        """Only rows that have every mandatory field."""
        names = {name for item in self._columns for name in (item.source, item.destination)}
        by_source = {item.source: item.destination for item in self._columns}
        wanted = [str(name) for name in self._transformation.get("mandatoryFields") or [] if name in names]
        conditions = [f"{quoted_name(by_source.get(name, name))} IS NOT NULL" for name in wanted]
        return f"SELECT * FROM ({sql}) WHERE {' AND '.join(conditions)}" if conditions else sql

    def _count(self, sql: str) -> int:
        with self._store.engine.cursor() as cursor:
            found = cursor.execute(f"SELECT count(*) FROM ({sql})").fetchone()
        return int(found[0]) if found else 0

    def _write(self, audience: Selected, sql: str, rows: int) -> tuple[int, int]:
        """Files of one audience; returns bytes and number of files. An empty audience gets no file."""
        size = parts = 0
        for start in range(0, rows, ROWS_PER_FILE):
            number = f"_{parts + 1}" if rows > ROWS_PER_FILE else ""
            part = f"SELECT * FROM ({sql}) LIMIT {ROWS_PER_FILE} OFFSET {start}" if number else sql
            size += self._context.landing_zone.write(
                CONTAINERS["dlz_destination"],
                self._key(audience, number),
                lambda target, part=part: self._copy(part, target),
            )
            parts += 1
        return size, parts

    def _key(self, audience: Selected, number: str) -> str:
        kind, packed = self._params["fileType"], self._params.get("compression", "NONE") == "GZIP"
        values = {
            "DESTINATION": self._state.destination_name(self._flow),
            "DESTINATION_NAME": self._state.destination_name(self._flow),
            "DESTINATION_INSTANCE_ID": self._flow_id,
            "SEGMENT_ID": audience.segment_id,
            "SEGMENT_NAME": audience.name,
            "SANDBOX_NAME": self._context.options.sandbox,
        }
        name = render(audience.template, values, self._at) + number
        extension = _EXTENSIONS[kind] + (".gz" if packed and kind != "PARQUET" else "")
        path = safe_path(self._params.get("path") or self._params.get("remotePath") or "")
        return "/".join(part for part in (path, f"{name}.{extension}") if part)

    def _copy(self, sql: str, target: Path) -> None:
        kind, packed = self._params["fileType"], self._params.get("compression", "NONE") == "GZIP"
        if kind == "PARQUET":
            options = f"FORMAT parquet, COMPRESSION {'gzip' if packed else 'snappy'}"
        else:
            options = "FORMAT json" if kind == "JSON" else _csv_options(self._params.get("csvOptions"))
            options += ", COMPRESSION gzip" if packed else ", COMPRESSION none"
        with self._store.engine.cursor() as cursor:
            cursor.execute(f"COPY ({sql}) TO {quoted_text(str(target))} ({options})")


def _csv_options(given: Any) -> str:
    """DuckDB's options from ``csvOptions``, whose values are plain or ``{"value": …}`` (pages differ)."""

    def option(name: str, default: str) -> str:
        value = given.get(name, default) if isinstance(given, dict) else default
        return str(value.get("value", default) if isinstance(value, dict) else value)

    # DuckDB escapes quotes by a character of its own; an empty choice is its default, the doubled quote.
    return (
        f"FORMAT csv, HEADER true, DELIMITER {quoted_text(option('delimiter', ',') or ',')}, "
        f"QUOTE {quoted_text(option('quote', chr(34)) or chr(34))}, "
        f"ESCAPE {quoted_text(option('escape', chr(92)) or chr(92))}, NULLSTR {quoted_text(option('nullValue', ''))}, "
        "TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S.%gZ'"
    )


def _columns(context: Context, parameters: Json) -> list[Rule]:
    """Mapped columns of a flow: its mapping set, or the legacy selectors.

    Raises:
        NothingMapped
    """
    mapping = parameters.get("profileMapping") or {}
    if mapping.get("mappingId"):
        found = MappingSets(context).rules(str(mapping["mappingId"]))
        if not found:
            raise NothingMapped(f"The mapping set {mapping['mappingId']} does not exist.")
        return found
    selectors = (parameters.get("profileSelectors") or {}).get("selectors") or []
    found = [
        Rule(str(value["path"]), str((value.get("mapping") or {}).get("destination") or value["path"]), False)
        for value in (selector.get("value") or {} for selector in selectors)
        if value.get("path")
    ]
    if not found:
        raise NothingMapped("The flow maps no field: set profileMapping to a mapping set, or add profileSelectors.")
    return found


def _source_sql(source: str, segment_id: str, types: dict[str, str]) -> str:
    """Where a column comes from: a field, an identity of a namespace, or the membership itself."""
    if source.startswith("identityMap."):
        namespace = source.split(".")[1]
        return f'CASE WHEN lower(m."@namespace") = lower({quoted_text(namespace)}) THEN m."@identity" END'
    if source.startswith("segmentMembership"):
        if source.endswith("lastQualificationTime"):
            return "s.since"
        return "s.status" if source.endswith("status") else quoted_text(segment_id)
    return f"m.{quoted_name(source)}" if source in types else "CAST(NULL AS VARCHAR)"
