"""Flow Service: connections, dataflows and their runs; ad hoc exports and activations; Data Prep mapping sets.

Connections and flows have no unique names in the service. Ours do: every `ensure_*` looks for its name first, so a
repeated or interrupted step never leaves a second one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from runner.errors import Conflict, NotFound, PlatformError, PlatformTimeout, Unavailable
from runner.platform.documents import Document, inner, mapping, page_of, rows, strings, text, whole
from runner.platform.library import LibraryName
from runner.platform.service import Service

DATA_LAKE = "23598e46-f560-407b-88d5-ea6207e49db0"
"""Connection spec of the data lake as a source (`activation-datalake`)."""
PROFILE_STORE = "8a9c3494-9708-43d7-ae3f-cda01e5030e1"
"""Connection spec of the profile store as a source."""
LANDING_ZONE = "10440537-2a7b-4583-ac39-ed38d4b848e8"
"""Connection spec of the Data Landing Zone as a destination."""
EXPORT_TO_LANDING_ZONE = "cd2fc47e-e838-4f38-a581-8fff2f99b63a"
"""Flow spec: datasets to the Data Landing Zone."""
ACTIVATE_TO_LANDING_ZONE = "7e635b9f-e59b-4546-8ba8-fce6496693c8"
"""Flow spec: audiences to the Data Landing Zone."""

RunState = Literal["running", "success", "failed"]
NOT_READY = "not_ready"
"""`code` of the Conflict raised while a new flow is not yet ready for an ad hoc run."""
ALREADY_RUNNING = "already_running"
"""`code` of the Conflict raised when an ad hoc run is already going on; its `detail` holds the run id."""


@dataclass(frozen=True)
class ExportableDataset:
    """A dataset that the licence allows to export."""

    id: str
    name: str


@dataclass(frozen=True)
class Flow:
    """A dataflow; `etag` is its version, with its quotes, and changes with every change."""

    id: str
    name: str
    state: str
    etag: str
    spec_id: str
    source_connection_ids: tuple[str, ...]
    target_connection_ids: tuple[str, ...]
    transformations: tuple[Document, ...]
    schedule: Document


@dataclass(frozen=True)
class FlowRun:
    """One run of a dataflow. Times are epoch milliseconds, None while unknown; counts are 0 while unknown."""

    id: str
    flow_id: str
    state: RunState
    reported: str
    created_ms: int
    started_ms: int | None
    completed_ms: int | None
    input_records: int
    output_records: int
    failed_records: int
    output_files: int
    errors: tuple[str, ...]
    by_entity: Mapping[str, int]
    """Output records by entity, e.g. `segment:<id>`, where the run tells."""


class Flows(Service):
    """Dataflows out of (and into) the platform."""

    title = "Flow Service"
    library_name: LibraryName = "flows"

    def exportable_datasets(self) -> list[ExportableDataset]:
        """The datasets this organisation may export, all pages."""
        found: list[ExportableDataset] = []
        while True:
            query = {"outputType": "activationDatasets", "outputField": "datasets", "start": len(found), "limit": 100}
            answer = mapping(self.get(f"/connectionSpecs/{DATA_LAKE}/configs", query), "Flow Service to configs")
            new = [
                ExportableDataset(text(d, "id", "Flow Service to configs"), str(d.get("name", "")))
                for d in page_of(answer, "items", "Flow Service to configs")
            ]
            new = [d for d in new if d not in found]
            found += new
            if not new or inner(answer, "pageInfo").get("hasNext") is not True:
                return found

    def ensure_connection(self, name: str, spec_id: str, auth: Document | None = None) -> str:
        """The id of the base connection with this name, made if there is none."""
        body: dict[str, Any] = {"name": name, "connectionSpec": {"id": spec_id, "version": "1.0"}}
        if auth is not None:
            body["auth"] = dict(auth)
        return self._ensure("connections", body, self.library.createConnection)

    def ensure_source_connection(
        self, name: str, spec_id: str, params: Document | None = None, base_connection_id: str | None = None
    ) -> str:
        """The id of the source connection with this name, made if there is none.

        A dataset source is `params={"datasets": [{"dataSetId": ..., "name": ...}]}`; its list never changes, so the
        name must tell which datasets it holds.
        """
        body: dict[str, Any] = {"name": name, "connectionSpec": {"id": spec_id, "version": "1.0"}}
        if base_connection_id:
            body["baseConnectionId"] = base_connection_id
        if params:
            body["params"] = dict(params)
        return self._ensure("sourceConnections", body, self.library.createSourceConnection)

    def ensure_target_connection(self, name: str, base_connection_id: str, spec_id: str, params: Document) -> str:
        """The id of the target connection with this name, made if there is none."""
        body = {
            "name": name,
            "baseConnectionId": base_connection_id,
            "connectionSpec": {"id": spec_id, "version": "1.0"},
            "params": dict(params),
        }
        return self._ensure("targetConnections", body, lambda data: self.library.createTargetConnection(data=data))

    def find_flow(self, name: str) -> Flow | None:
        """The flow with exactly this name, or None."""
        item = self._find("flows", name)
        return _flow(item) if item is not None else None

    def flow(self, flow_id: str) -> Flow:
        """A flow by id.

        Raises:
            NotFound: there is none.
        """
        return _flow(self._one("flows", flow_id))

    def ensure_flow(
        self,
        name: str,
        spec_id: str,
        source_connection_ids: Sequence[str],
        target_connection_ids: Sequence[str],
        *,
        transformations: Sequence[Document] = (),
        schedule: Document | None = None,
    ) -> Flow:
        """The flow with this name, made if there is none. `schedule` times are epoch seconds."""
        body: dict[str, Any] = {
            "name": name,
            "flowSpec": {"id": spec_id, "version": "1.0"},
            "sourceConnectionIds": list(source_connection_ids),
            "targetConnectionIds": list(target_connection_ids),
            "transformations": [dict(t) for t in transformations],
        }
        if schedule is not None:
            body["scheduleParams"] = dict(schedule)
        flow_id = self._ensure("flows", body, lambda data: self.library.createFlow(spec_id, obj=data))
        return self.soon(lambda: self.flow(flow_id))

    def change_flow(self, flow_id: str, operations: Callable[[Flow], list[dict[str, Any]]]) -> Flow:
        """Change a flow by JSON Patch under its version.

        `operations` is asked again with the newest flow when somebody changed it meanwhile (412) or when the answer
        was lost; an empty list means that nothing (more) is to do.
        """
        for attempt in range(6):
            flow = self.flow(flow_id)
            wanted = operations(flow)
            if not wanted:
                return flow
            try:
                self.call(self.library.updateFlow, flow_id, flow.etag, wanted)
            except PlatformError as error:
                lost = isinstance(error, Unavailable | PlatformTimeout)
                if not (lost or error.status == 412) or attempt == 5:
                    raise
                self._session.sleep(0.5 * 2**attempt)
        return self.flow(flow_id)

    def set_enabled(self, flow_id: str, enabled: bool) -> None:
        """Enable or disable a flow."""
        action = "enable" if enabled else "disable"
        self.send("POST", f"/flows/{flow_id}/action", params={"op": action}, repeatable=True)

    def delete_flow(self, flow_id: str) -> None:
        """Delete a flow; one that is not there is fine."""
        self._delete(f"/flows/{flow_id}")

    def run(self, run_id: str) -> FlowRun:
        """A run by id.

        Raises:
            NotFound: there is none (yet).
        """
        return _run(self._one("runs", run_id))

    def runs(self, flow_id: str, limit: int = 20) -> list[FlowRun]:
        """The newest runs of a flow, newest first."""
        query = {"property": f"flowId=={flow_id}", "orderby": "-createdAt", "limit": limit}
        return sorted((_run(i) for i in self.items("/runs", query)), key=lambda r: -r.created_ms)

    def _ensure(self, kind: str, body: dict[str, Any], create: Callable[[dict[str, Any]], Any]) -> str:
        def find() -> str | None:
            item = self._find(kind, str(body["name"]))
            return text(item, "id", f"Flow Service to {kind}") if item is not None else None

        def make() -> str:
            return text(mapping(self.call(create, body), f"Flow Service to {kind}"), "id", f"Flow Service to {kind}")

        return self.once(find, make, f"{kind} '{body['name']}'")

    def _find(self, kind: str, name: str) -> Document | None:
        """The oldest object with this name (the oldest, so that two runs at once agree on one)."""
        matches = [item for item in self._all(kind, {"property": f"name=={name}"}) if item.get("name") == name]
        alive = [m for m in matches if str(m.get("state", "")).lower() not in ("deleted", "archived")]
        return min(alive, key=lambda m: (whole(m.get("createdAt")), str(m.get("id"))), default=None)

    def _all(self, kind: str, query: Mapping[str, Any]) -> list[Document]:
        found: list[Document] = []
        parameters: dict[str, Any] = {**query, "limit": 100}
        tokens = {""}
        while True:
            answer = mapping(self.get(f"/{kind}", parameters), f"Flow Service to {kind}")
            found += page_of(answer, "items", f"Flow Service to {kind}")
            href = str(inner(answer, "_links", "next").get("href") or "")
            token = parse_qs(urlsplit(href).query).get("continuationToken", [""])[0]
            if token in tokens:
                return found
            tokens.add(token)
            parameters = {**query, "limit": 100, "continuationToken": token}

    def _one(self, kind: str, object_id: str) -> Document:
        items = self.items(f"/{kind}/{object_id}")
        if not items:
            raise NotFound(
                f"Flow Service has no {kind} {object_id}.",
                "It was deleted, or is in another sandbox.",
                service=self.title,
                status=404,
            )
        return items[0]

    def _delete(self, path: str) -> None:
        try:
            self.send("DELETE", path, repeatable=True)
        except NotFound:
            return


class Destinations(Service):
    """Ad hoc runs: a dataset export or an audience activation now, by an existing flow."""

    title = "Destinations"
    library_name: LibraryName = "destinations"

    def export_now(self, flow_id: str, dataset_ids: Sequence[str]) -> str:
        """Ask for an export of datasets by a flow and return the run id.

        Raises:
            Conflict: with code NOT_READY while the flow is too new (about ten minutes), or ALREADY_RUNNING.
        """
        body = {"destinations": [{"flowId": flow_id, "datasets": [{"id": d} for d in dataset_ids]}]}
        answer = self._run("application/vnd.adobe.adhoc.dataset.activation+json; version=1", body)
        for destination in page_of(answer, "destinations", "Destinations to adhocrun"):
            for dataset in page_of(destination, "datasets", "Destinations to adhocrun"):
                return _run_id(text(dataset, "statusURL", "Destinations to adhocrun"))
        raise PlatformError("The ad hoc export was accepted without a run.", "Run the step again.", service=self.title)

    def activate_now(self, flow_id: str, audience_ids: Sequence[str]) -> dict[str, str]:
        """Ask for an activation of the newest finished evaluation; returns the run id by audience.

        Raises:
            Conflict: with code NOT_READY while the audience is too new in the flow, or ALREADY_RUNNING.
        """
        accept = "application/vnd.adobe.adhoc.activation+json; version=2"
        answer = self._run(accept, {flow_id: list(audience_ids)})
        what = "Destinations to adhocrun"
        orders = page_of(answer, "order", what)
        return {text(o, "segment", what): _run_id(text(o, "statusURL", what)) for o in orders}

    def _run(self, accept: str, info: Document) -> Document:
        try:
            return mapping(self.post("/adhocrun", {"activationInfo": info}, accept=accept), "Destinations to adhocrun")
        except PlatformError as error:
            raise _ad_hoc_problem(error) from None


class Mappings(Service):
    """Data Prep mapping sets."""

    title = "Data Prep"
    library_name: LibraryName = "mappings"

    def create(self, body: Document) -> str:
        """Create a mapping set and return its id.

        It has no name to look for, and one without a flow does nothing: after a lost answer it is created again.
        """
        answer = self.call(self.library.createMappingSet, mappingSet=dict(body), repeatable=True)
        return text(mapping(answer, "Data Prep to mappingSets"), "id", "Data Prep to mappingSets")


def _ad_hoc_problem(error: PlatformError) -> PlatformError:
    said = f"{error.title} {error.detail}"
    if re.search(r"(?i)not ready|wait for \d+ minutes", said):
        code = NOT_READY
        remedy = "A new flow takes about ten minutes: run the step again then."
    elif re.search(r"(?i)already going on", said):
        code, remedy = ALREADY_RUNNING, "Follow the run that is named."
    else:
        return error
    return Conflict(
        error.message,
        remedy,
        service=error.service,
        status=error.status,
        title=error.title,
        detail=error.detail,
        request_id=error.request_id,
        code=code,
    )


def _run_id(status_url: str) -> str:
    return urlsplit(status_url).path.rstrip("/").rsplit("/", 1)[-1]


def _flow(item: Document) -> Flow:
    return Flow(
        id=text(item, "id", "Flow Service to a flow"),
        name=str(item.get("name", "")),
        state=str(item.get("state", "")),
        etag=text(item, "etag", "Flow Service to a flow"),
        spec_id=str(inner(item, "flowSpec").get("id", "")),
        source_connection_ids=strings(item.get("sourceConnectionIds")),
        target_connection_ids=strings(item.get("targetConnectionIds")),
        transformations=tuple(rows(item, "transformations", "Flow Service to a flow")),
        schedule=inner(item, "scheduleParams"),
    )


def _run(item: Document) -> FlowRun:
    metrics = inner(item, "metrics")
    status, records = inner(metrics, "statusSummary"), inner(metrics, "recordSummary")
    duration = inner(metrics, "durationSummary")
    reported = str(status.get("status") or "")
    return FlowRun(
        id=text(item, "id", "Flow Service to a run"),
        flow_id=str(item.get("flowId", "")),
        state=_state(reported),
        reported=reported,
        created_ms=whole(item.get("createdAt")),
        started_ms=whole(duration.get("startedAtUTC")) or None,
        completed_ms=whole(duration.get("completedAtUTC")) or None,
        input_records=whole(records.get("inputRecordCount")),
        output_records=whole(records.get("outputRecordCount")),
        failed_records=whole(records.get("failedRecordCount")),
        output_files=whole(inner(metrics, "fileSummary").get("outputFileCount")),
        errors=tuple(
            f"{e.get('code', '')} {e.get('message', '')}".strip()
            for e in rows(status, "errors", "Flow Service to a run")
            if e
        ),
        by_entity=_by_entity(records),
    )


def _state(reported: str) -> RunState:
    """`success`, `Success`, `PARTIAL_SUCCESS`, `failed` ...; anything unknown is still running."""
    word = reported.lower().replace("_", "").replace(" ", "")
    if word in ("success", "partialsuccess", "completed"):
        return "success"
    return "failed" if word in ("failed", "failure", "cancelled", "canceled", "aborted") else "running"


def _by_entity(records: Document) -> dict[str, int]:
    counts: dict[str, int] = {}
    for target in rows(records, "targetSummaries", "Flow Service to a run"):
        for entity in rows(target, "entitySummaries", "Flow Service to a run"):
            counts[str(entity.get("id"))] = whole(entity.get("outputRecordCount"))
    return counts
