"""Ad hoc runs, ``/data/core/activation/disflowprovider/adhocrun``. The Accept header says which kind is meant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_platform.context import Context
from local_platform.http import Call, endpoint
from local_platform.problems import Problem
from local_platform.services.flows import audience_export, dataset_export
from local_platform.services.flows.errors import Missing, NotReady
from local_platform.services.flows.specs import AUDIENCE_FLOWS, DATASET_FLOWS
from local_platform.services.flows.state import FlowState

PATH = "/data/core/activation/disflowprovider/adhocrun"
# A flow that was created or changed is not ready for an ad hoc run until then.
DATASET_READY_SECONDS = 600.0
AUDIENCE_READY_SECONDS = 1_200.0
LARGEST_CALL = 80
Json = dict[str, Any]


class Refused(Problem):
    """400 with ``{"message"}``, the envelope of ad hoc runs."""

    def __init__(self, message: str) -> None:
        super().__init__(400, {"message": message})


def routes(context: Context) -> list[Route]:
    """``POST /adhocrun`` for datasets and for audiences."""

    def run(call: Call) -> Response:
        information = call.json_object().get("activationInfo")
        if not isinstance(information, dict) or not information:
            raise Refused("Invalid parameter: activationInfo is missing.")
        if "adhoc.dataset.activation" in call.header("accept") or "destinations" in information:
            return JSONResponse({"destinations": _datasets(context, information.get("destinations"))})
        version_two = "adhoc.activation+json" in call.header("accept") and "version=2" in call.header("accept")
        if not version_two and not call.json_object().get("exportIds"):
            raise Refused(
                "Invalid parameter: exportIds is compulsory in version 1; send the Accept header of version 2."
            )
        return JSONResponse({"order": _audiences(context, information)})

    return [Route(PATH, endpoint(run), methods=["POST"])]


def _datasets(context: Context, destinations: Any) -> list[Json]:
    state = FlowState(context)
    if not isinstance(destinations, list) or not destinations:
        raise Refused("Invalid parameter: activationInfo.destinations must name a flow and its datasets.")
    wanted = [_wanted_datasets(state, item) for item in destinations]
    for flow_id, _ in wanted:
        _ready(context, state, flow_id, DATASET_READY_SECONDS)
    answer: list[Json] = []
    for flow_id, dataset_ids in wanted:
        run_id = dataset_export.request(context, flow_id, dataset_ids)
        url = _status_url(context, run_id)
        answer.append({"datasets": [{"id": id, "statusURL": url, "flowId": flow_id} for id in dataset_ids]})
    return answer


def _wanted_datasets(state: FlowState, item: Any) -> tuple[str, list[str]]:
    flow_id = str(item.get("flowId")) if isinstance(item, dict) else ""
    flow = state.get("flows", flow_id).body
    spec = flow["flowSpec"]["id"]
    if spec not in DATASET_FLOWS:
        raise Refused(f"Invalid parameter: Flow for id {flow_id}. Adhoc run can not be executed for Flow spec={spec}")
    known = [entry["dataSetId"] for entry in state.source_of(flow)["params"]["datasets"]]
    ids = [str(entry.get("id")) for entry in item.get("datasets") or [] if isinstance(entry, dict)] or known
    foreign = [id for id in ids if id not in known]
    if foreign:
        raise Refused(f"Invalid parameter: Datasets {', '.join(foreign)} are not part of flow {flow_id}.")
    return flow_id, ids


def _ready(context: Context, state: FlowState, flow_id: str, documented_seconds: float) -> None:
    changed = datetime.fromtimestamp(state.get("flows", flow_id).body["_changed_ms"] / 1000, UTC)
    if context.clock.now() < changed + timedelta(seconds=context.delay(documented_seconds)):
        raise NotReady(flow_id)


def _audiences(context: Context, information: Json) -> list[Json]:
    state = FlowState(context)
    pairs = [(flow, str(id)) for flow, ids in information.items() for id in (ids if isinstance(ids, list) else [])]
    if not pairs:
        raise Refused("Invalid parameter: activationInfo must map a flow id to a list of audience ids.")
    if len(pairs) > LARGEST_CALL:
        raise Refused(f"Invalid parameter: {len(pairs)} audiences; at most {LARGEST_CALL} in one call.")
    for flow_id, segment_id in pairs:
        _check_audience(context, state, flow_id, segment_id)
    order: list[Json] = []
    for flow_id, segment_id in pairs:
        run_id = audience_export.request(context, flow_id, segment_id)
        order.append({"segment": segment_id, "order": flow_id, "statusURL": _status_url(context, run_id)})
    return order


def _check_audience(context: Context, state: FlowState, flow_id: str, segment_id: str) -> None:
    flow = state.get("flows", flow_id).body
    if flow["flowSpec"]["id"] not in AUDIENCE_FLOWS:
        raise Missing("flows", flow_id)
    today = context.clock.now().date()
    due = [item for item in audience_export.selected(flow) if item.segment_id == segment_id and item.covers(today)]
    if not due or flow["state"] != "enabled":
        raise Refused(f"Segments {segment_id} are not part of this dataflow or out of schedule range!")
    _ready(context, state, flow_id, AUDIENCE_READY_SECONDS)
    for run_id in state.runs.unfinished():
        run, work = state.runs.get(run_id), state.runs.work(run_id)
        if run and work and run["flowId"] == flow_id and segment_id in work.get("segments", []):
            raise Refused(f"Run already going on for audience {segment_id} for order {flow_id} with run id {run_id}")


def _status_url(context: Context, run_id: str) -> str:
    return f"{context.api_url}/data/foundation/flowservice/runs/{run_id}"
