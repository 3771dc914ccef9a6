"""The audience on its way to a file destination: one dataflow per use case writes it to the landing zone.

The default costs nothing: the dataflow is triggered after the platform's daily evaluation. The run is then *pending*
until somebody reconciles it: an evaluation newer than the publish, the dataflow's run after it, and the delivered rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from runner.audiences import Audience
from runner.delivery import delivered
from runner.errors import DataError, PlatformError
from runner.export.landing_zone import CONNECTION
from runner.export.request import Log, quiet
from runner.platform import Flow, FlowRun, Platform, SegmentJob
from runner.platform.flows import ACTIVATE_TO_LANDING_ZONE, LANDING_ZONE, PROFILE_STORE
from runner.publishing.xdm import ScoreFields, fields_of
from runner.settings import Settings, UseCase

FILE_NAME = "%DESTINATION_NAME%_%SEGMENT_ID%_%DATETIME(YYYYMMdd_HHmmss)%"
_SCHEDULE_DAYS = 365
_PARAMS = "/transformations/0/params"


@dataclass(frozen=True)
class Activation:
    """An activation that was asked for. Kept in the run's record until it is reconciled.

    Args:
        run_id: the run whose scores the audience is made of.
        audience_id, flow_id: the audience and the dataflow that delivers it.
        path: folder of the delivered files, below the landing zone's root.
        expected: published scores that meet the audience's rule.
        after_ms: an evaluation counts only if it began after this moment (publish and rule both done), epoch ms.
        on_demand: evaluated on request instead of by the daily schedule.
    """

    run_id: str
    audience_id: str
    flow_id: str
    path: str
    expected: int
    after_ms: int
    on_demand: bool = False


@dataclass(frozen=True)
class Pending:
    """Not there yet.

    Args:
        awaited: what comes next ("evaluation", "delivery").
        since: since when it is awaited (UTC).
        expected_by: when it should have happened (UTC); None where the platform does not say.
        detail: one sentence for people.
    """

    awaited: str
    since: datetime
    expected_by: datetime | None
    detail: str


@dataclass(frozen=True)
class Activated:
    """A delivery that is exactly the audience that was published.

    Args:
        audience_size: members as the evaluation counted them.
        activated_rows: rows in the delivered files.
        evaluation_id, flow_run_id: which evaluation, which run of the dataflow.
        files: the delivered files, below the landing zone's root.
    """

    run_id: str
    audience_id: str
    audience_size: int
    activated_rows: int
    evaluation_id: str
    flow_run_id: str
    files: tuple[str, ...]


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
    definition = platform.segmentation.definition(audience.id)
    log(f"'{audience.name}' is delivered to {path} after each daily evaluation (dataflow {flow.id}).")
    return Activation(
        run_id=run_id,
        audience_id=audience.id,
        flow_id=flow.id,
        path=path,
        expected=audience.expected_size,
        after_ms=max(published_ms, definition.updated_ms),
    )


def reconcile_activation(platform: Platform, activation: Activation) -> Activated | Pending:
    """Look whether the audience was evaluated and delivered since, and count.

    Raises:
        DataError: evaluation, delivery and published scores do not agree; all three numbers are named.
        PlatformError: the dataflow's run failed.
    """
    job = platform.segmentation.latest_evaluation(activation.audience_id)
    if job is None or job.created_ms < activation.after_ms:
        return _awaits_evaluation(platform, activation)
    finished = job.completed_ms or job.updated_ms
    run = _run_after(platform, activation, finished)
    if run is None:
        return Pending(
            "delivery",
            _utc(finished),
            None,
            f"Evaluation {job.id} found {_members(job, activation):,} members; its delivery is on the way.",
        )
    files, rows = delivered(platform, activation.path, activation.audience_id, run)
    members = _members(job, activation)
    if not members == rows == activation.expected:
        raise DataError(
            f"Audience {activation.audience_id} of run {activation.run_id}: {activation.expected:,} published scores "
            f"meet the rule, evaluation {job.id} counted {members:,} members, {rows:,} rows were delivered.",
            "If Profile had not taken in all scores when it evaluated, tomorrow's evaluation will agree: reconcile "
            "again then ('propensity activate'). If not, compare the merge policy with the scores dataset.",
        )
    return Activated(activation.run_id, activation.audience_id, members, rows, job.id, run.id, files)


def _dataflow(platform: Platform, use_case: UseCase, path: str) -> Flow:
    flows, name = platform.flows, f"propensity activation {use_case.name}"
    if (found := flows.find_flow(name)) is not None:
        return found
    files = {
        "mode": "Server-to-server",
        "path": path,
        "compression": "NONE",
        "fileType": "CSV",
        "csvOptions": {
            "delimiter": {"value": ","},
            "quote": {"value": '"'},
            "escape": {"value": "\\"},
            "nullValue": {"value": ""},
        },
    }
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


def _awaits_evaluation(platform: Platform, activation: Activation) -> Pending:
    since = _utc(activation.after_ms)
    running = [j for j in platform.segmentation.jobs() if j.state == "running" and j.created_ms >= activation.after_ms]
    detail = (
        f"Evaluation {running[0].id} is {running[0].reported.lower()}."
        if running
        else "The next daily evaluation of the sandbox covers the audience; then it is delivered."
    )
    # Once a day: a whole day after the publish it must have happened.
    return Pending("evaluation", since, since + timedelta(days=1), detail)


def _run_after(platform: Platform, activation: Activation, moment_ms: int) -> FlowRun | None:
    """The dataflow's successful run that began after the evaluation; None while it has not finished.

    Raises:
        PlatformError: all runs since have failed.
    """
    since = [run for run in platform.flows.runs(activation.flow_id) if run.created_ms >= moment_ms]
    done = [run for run in since if run.state == "success"]
    if done:
        return done[-1]
    if since and all(run.state == "failed" for run in since):
        raise PlatformError(
            f"The delivery of audience {activation.audience_id} failed (dataflow {activation.flow_id}, run "
            f"{since[0].id}): {'; '.join(since[0].errors) or since[0].reported}.",
            "The next daily run delivers it again; if that fails too, look at the dataflow in the AEP user interface.",
            service="Flow Service",
        )
    return None


def _members(job: SegmentJob, activation: Activation) -> int:
    return job.members.get(activation.audience_id, 0)


def _utc(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
