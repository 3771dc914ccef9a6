"""The dataflow that delivers an audience: one per use case, looked up before it is made, changed under its version."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from runner.activation.records import Activation
from runner.audiences import Audience
from runner.errors import DataError
from runner.export.landing_zone import CONNECTION
from runner.export.request import Log, quiet
from runner.platform import Flow, Platform
from runner.platform.flows import ACTIVATE_TO_LANDING_ZONE, LANDING_ZONE, PROFILE_STORE
from runner.publishing.xdm import ScoreFields, fields_of
from runner.settings import Settings, UseCase

FILE_NAME = "%DESTINATION_NAME%_%SEGMENT_ID%_%DATETIME(YYYYMMdd_HHmmss)%"
_SCHEDULE_DAYS = 365
_PARAMS = "/transformations/0/params"


def request_activation(
    settings: Settings,
    use_case: UseCase,
    platform: Platform,
    audience: Audience,
    *,
    run_id: str,
    published_ms: int,
    now: datetime,
    log: Log = quiet,
) -> Activation:
    """Make sure that the use case's dataflow delivers the audience after each daily evaluation. Repeating it is safe.

    Args:
        published_ms: when the scores' last batch was complete (epoch ms, the platform's time).
        now: the current time; the delivery is scheduled from today for a year.
    """
    platform.segmentation.ensure_daily_schedule()
    fields = fields_of(settings, use_case, platform)
    path = f"{settings.landing_zone.folder}/audiences/{use_case.name}"
    flow = _dataflow(platform, use_case, path)
    mapping = {} if _params(flow).get("profileMapping") else _new_mapping(settings, platform, fields)
    flow = platform.flows.change_flow(flow.id, lambda f: _changes(f, settings, audience, mapping, now))
    if flow.state.lower() == "disabled":
        platform.flows.set_enabled(flow.id, True)
    definition = platform.segmentation.soon(lambda: platform.segmentation.definition(audience.id))
    log(f"'{audience.name}' is delivered to {path} after each daily evaluation (dataflow {flow.id}).")
    return Activation(
        run_id=run_id,
        audience_id=audience.id,
        flow_id=flow.id,
        path=path,
        expected=audience.expected_size,
        after_ms=max(published_ms, definition.updated_ms),
        min_score=audience.min_score,
        namespace=settings.identity.namespace,
    )


def _dataflow(platform: Platform, use_case: UseCase, path: str) -> Flow:
    flows, name = platform.flows, f"propensity activation {use_case.name}"
    if (found := flows.find_flow(name)) is not None:
        return found
    # No csvOptions: the published descriptions disagree on their form, and the defaults (comma, quoted) are ours too.
    files = {"mode": "Server-to-server", "path": path, "compression": "NONE", "fileType": "CSV"}
    source = flows.ensure_source_connection("propensity profile store", PROFILE_STORE)
    base = flows.ensure_connection(CONNECTION, LANDING_ZONE)
    target = flows.ensure_target_connection(f"{name} target", base, LANDING_ZONE, files)
    empty = {"segmentSelectors": {"selectors": []}, "profileMapping": {}, "mandatoryFields": [], "primaryFields": []}
    transformation = {"name": "GeneralTransform", "params": empty}
    return flows.ensure_flow(name, ACTIVATE_TO_LANDING_ZONE, [source], [target], transformations=[transformation])


def _changes(
    flow: Flow, settings: Settings, audience: Audience, mapping: Mapping[str, Any], now: datetime
) -> list[dict[str, Any]]:
    """What the dataflow lacks: the audience with a schedule that covers the coming month, the mapping, the key."""
    params = _params(flow)
    changes: list[dict[str, Any]] = []
    selectors = list((params.get("segmentSelectors") or {}).get("selectors") or [])
    ours = [i for i, s in enumerate(selectors) if (s.get("value") or {}).get("id") == audience.id]
    if not ours:
        value = {"type": "PLATFORM_SEGMENT", "value": _selector(audience, now)}
        changes.append({"op": "add", "path": f"{_PARAMS}/segmentSelectors/selectors/-", "value": value})
    elif _ends_soon(selectors[ours[0]]["value"], now):
        value = {"type": "PLATFORM_SEGMENT", "value": _selector(audience, now)}
        changes.append({"op": "replace", "path": f"{_PARAMS}/segmentSelectors/selectors/{ours[0]}", "value": value})
    if mapping and not params.get("profileMapping"):
        changes.append({"op": "add", "path": f"{_PARAMS}/profileMapping", "value": dict(mapping)})
    if not params.get("primaryFields"):
        key = {"fieldType": "IDENTITY", "identityNamespace": settings.identity.namespace}
        changes.append({"op": "add", "path": f"{_PARAMS}/primaryFields", "value": [key]})
    return changes


def _selector(audience: Audience, now: datetime) -> dict[str, Any]:
    return {
        "id": audience.id,
        "name": audience.name,
        "description": "",
        "filenameTemplate": FILE_NAME,
        "exportMode": "DAILY_FULL_EXPORT",
        "schedule": {
            "frequency": "DAILY",
            "triggerType": "AFTER_SEGMENT_EVAL",
            "startDate": f"{now:%Y-%m-%d}",
            "endDate": f"{now + timedelta(days=_SCHEDULE_DAYS):%Y-%m-%d}",
        },
    }


def _ends_soon(value: Mapping[str, Any], now: datetime) -> bool:
    return str((value.get("schedule") or {}).get("endDate") or "") < f"{now + timedelta(days=30):%Y-%m-%d}"


def _new_mapping(settings: Settings, platform: Platform, fields: ScoreFields) -> dict[str, Any]:
    """The columns of the delivered files: the identity, its score, and as of when."""
    identity = f"identityMap.{settings.identity.namespace}"
    columns = [(identity, True), (fields.path("score"), False), (fields.path("asOf"), False)]
    mappings = [
        {
            "sourceType": "text/x.schema-path",
            "source": path,
            "destination": path,
            "identity": is_identity,
            "primaryIdentity": is_identity,
            "functionVersion": 0,
            "sourceAttribute": path,
            "destinationXdmPath": path,
        }
        for path, is_identity in columns
    ]
    return {"mappingId": platform.mappings.create({"mappings": mappings}), "mappingVersion": 0}


def _params(flow: Flow) -> Mapping[str, Any]:
    params = flow.transformations[0].get("params") if flow.transformations else None
    if not isinstance(params, Mapping):
        raise DataError(
            f"Dataflow '{flow.name}' ({flow.id}) has no transformation to put the audience in.",
            "Delete the dataflow in the AEP user interface (Destinations, Browse) and run the step again.",
        )
    return params
