"""What Flow Service demands of an object before it is stored."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from local_platform.context import Context
from local_platform.documents import Document
from local_platform.lake import DatasetNotFound
from local_platform.services.data_prep.mapping import problem_of
from local_platform.services.data_prep.state import MappingSets
from local_platform.services.flows import specs
from local_platform.services.flows.errors import FlowProblem, InvalidSpec
from local_platform.services.flows.templates import safe_path
from local_platform.services.segmentation.definitions import COLLECTION as DEFINITIONS
from local_platform.services.segmentation.definitions import EXTERNAL

Json = dict[str, Any]
DATASET_MODES = ("FIRST_FULL_THEN_INCREMENTAL", "DAILY_FULL_EXPORT")
# Of flows into the lake; once needs none.
_LEAST_INTERVALS = {"once": 0, "minute": 15, "hour": 1, "day": 1, "week": 1}
_INTERVALS = {"hour": (3, 6, 9, 12), "day": (1,)}
_FREQUENCIES = {
    "DAILY_FULL_EXPORT": ("ONCE", "DAILY"),
    "FIRST_FULL_THEN_INCREMENTAL": (
        "ONCE", "DAILY", "EVERY_3_HOURS", "EVERY_6_HOURS", "EVERY_8_HOURS", "EVERY_12_HOURS",
    ),
}  # fmt: skip


def named(body: Json) -> None:
    """Every object has a name."""
    if not isinstance(body.get("name"), str) or not body["name"].strip():
        raise FlowProblem(400, "name is missing.")


def connection_spec(body: Json) -> None:
    """A known connection spec, with its version."""
    spec = body.get("connectionSpec")
    if not isinstance(spec, dict) or not specs.is_connection_spec(spec.get("id")):
        raise InvalidSpec
    if not spec.get("version"):
        raise FlowProblem(422, "connectionSpec.version is missing.", 'Send {"id": "…", "version": "1.0"}.')


def source(context: Context, body: Json) -> None:
    """A source connection: the data lake names datasets, the profile store nothing."""
    id = body["connectionSpec"]["id"]
    if id == specs.LANDING_ZONE_SOURCE:
        _drop_zone(body)
        return
    if id not in (specs.DATA_LAKE_SOURCE, specs.PROFILE_STORE_SOURCE):
        raise FlowProblem(400, f"Connection spec {id} is no source of this platform.")
    if id == specs.PROFILE_STORE_SOURCE:
        return
    datasets = (body.get("params") or {}).get("datasets")
    if not isinstance(datasets, list) or not datasets:
        raise FlowProblem(400, 'params.datasets must be a list such as [{"dataSetId": "…", "name": "…"}].')
    for item in datasets:
        try:
            context.lake.dataset(str(item.get("dataSetId") if isinstance(item, dict) else item))
        except DatasetNotFound as fault:
            raise FlowProblem(400, str(fault), "List the datasets that can be exported under …/configs.") from None


def _drop_zone(body: Json) -> None:
    params, format_ = body.get("params"), (body.get("data") or {}).get("format")
    if not isinstance(params, dict) or not isinstance(params.get("path"), str):
        raise FlowProblem(400, "params.path is missing: the file or folder of the landing zone that is read.")
    safe_path(params["path"])
    if params.get("type", "file") not in ("file", "folder"):
        raise FlowProblem(400, f"params.type is {params.get('type')!r}; expected file or folder.")
    if format_ not in ("delimited", "json", "parquet"):
        raise FlowProblem(400, f"data.format is {format_!r}; expected delimited, json or parquet.")


def lake_target(context: Context, body: Json) -> None:
    """A target connection of the data lake: the dataset that is written to."""
    try:
        context.lake.dataset(str((body.get("params") or {}).get("dataSetId")))
    except DatasetNotFound as fault:
        raise FlowProblem(400, str(fault), 'params must be {"dataSetId": "…"}.') from None


def target(body: Json) -> None:
    """A target connection: path, file type (of datasets or of audiences) and compression, in upper case."""
    params = body.get("params")
    if not isinstance(params, dict):
        raise FlowProblem(400, "params is missing: a target connection says path and file type.")
    safe_path(params.get("path") or params.get("remotePath") or "")
    if params.get("compression", "NONE") not in ("NONE", "GZIP"):
        raise FlowProblem(400, f"params.compression is {params.get('compression')!r}; expected NONE or GZIP.")
    dataset, audience = params.get("datasetFileType"), params.get("fileType")
    if dataset is not None and dataset not in ("PARQUET", "JSON"):
        raise FlowProblem(400, f"params.datasetFileType is {dataset!r}; expected PARQUET or JSON.")
    if audience is not None and audience not in ("CSV", "JSON", "PARQUET"):
        raise FlowProblem(400, f"params.fileType is {audience!r}; expected CSV, JSON or PARQUET.")
    if dataset is None and audience is None:
        raise FlowProblem(400, "params has neither datasetFileType (datasets) nor fileType (audiences).")


def flow(context: Context, body: Json, get: Callable[[str, str], Document]) -> None:
    """A flow: known spec, existing ends of the right kind, a schedule or selectors that can be run."""
    spec = body.get("flowSpec")
    id = spec.get("id") if isinstance(spec, dict) else None
    if id not in specs.DATASET_FLOWS | specs.AUDIENCE_FLOWS | {specs.CLOUD_STORAGE_TO_AEP}:
        raise InvalidSpec
    ends: dict[str, Json] = {}
    for name, kind in (("sourceConnectionIds", "sourceConnections"), ("targetConnectionIds", "targetConnections")):
        ids = body.get(name)
        if not isinstance(ids, list) or len(ids) != 1:
            raise FlowProblem(400, f"{name} must be a list of one id.")
        ends[kind] = get(kind, str(ids[0])).body
    if id == specs.CLOUD_STORAGE_TO_AEP:
        _import(context, body, ends)
        return
    wanted = specs.DATA_LAKE_SOURCE if id in specs.DATASET_FLOWS else specs.PROFILE_STORE_SOURCE
    if ends["sourceConnections"]["connectionSpec"]["id"] != wanted:
        raise FlowProblem(400, f"Flow spec {id} needs a source connection of spec {wanted}.")
    parameters = ends["targetConnections"].get("params") or {}
    if id in specs.DATASET_FLOWS:
        if parameters.get("datasetFileType") is None:
            raise FlowProblem(400, "The target connection has no datasetFileType, which a dataset export needs.")
        _dataset_schedule(body.get("scheduleParams"))
    else:
        if parameters.get("fileType") is None:
            raise FlowProblem(400, "The target connection has no fileType, which an audience activation needs.")
        _selectors(context, body)


def _import(context: Context, body: Json, ends: dict[str, Json]) -> None:
    for kind, spec in (("sourceConnections", specs.LANDING_ZONE_SOURCE), ("targetConnections", specs.DATA_LAKE_TARGET)):
        if ends[kind]["connectionSpec"]["id"] != spec:
            raise FlowProblem(400, f"CloudStorageToAEP needs {kind} of spec {spec}.")
    mappings = [(item.get("params") or {}).get("mappingId") for item in body.get("transformations") or []]
    dataset = context.lake.dataset(str(ends["targetConnections"]["params"]["dataSetId"]))
    sets = MappingSets(context)
    for id in (str(found) for found in mappings if found):
        rules = sets.rules(id)
        if rules is None:
            raise FlowProblem(400, f"There is no mapping set {id}.")
        output = sets.output_schema({"outputSchema": {"schemaRef": {"id": dataset.schema_ref}}})
        wrong = [problem for rule in rules if (problem := problem_of(rule, output))]
        if wrong:
            raise FlowProblem(400, " ".join(wrong), f"The dataset {dataset.name} has the schema {dataset.schema_ref}.")
    schedule = body.get("scheduleParams")
    if not isinstance(schedule, dict) or schedule.get("frequency") not in _LEAST_INTERVALS:
        raise FlowProblem(400, f"scheduleParams.frequency must be one of {', '.join(_LEAST_INTERVALS)}.")
    least = _LEAST_INTERVALS[schedule["frequency"]]
    # The tutorials send both as text.
    for name, smallest, digits in (("startTime", 1, 11), ("interval", least, 5)):
        value = str(schedule.get(name, ""))
        if smallest and not (re.fullmatch(f"[0-9]{{1,{digits}}}", value) and int(value) >= smallest):
            expected = f"a number from {smallest} of at most {digits} digits"
            raise FlowProblem(400, f"scheduleParams.{name} is {value[:80]!r}; expected {expected}.")


def _dataset_schedule(schedule: Any) -> None:
    if not isinstance(schedule, dict):
        raise FlowProblem(400, "scheduleParams is missing: a dataset export has a schedule.")
    mode, unit, interval = (schedule.get(name) for name in ("exportMode", "timeUnit", "interval"))
    if mode not in DATASET_MODES:
        raise FlowProblem(400, f"scheduleParams.exportMode is {mode!r}; expected one of {', '.join(DATASET_MODES)}.")
    if isinstance(interval, bool) or not isinstance(interval, int):
        raise FlowProblem(400, f"scheduleParams.interval is {interval!r}; expected a whole number.")
    if mode == "DAILY_FULL_EXPORT":
        if (unit, interval) != ("day", 0):
            raise FlowProblem(400, "DAILY_FULL_EXPORT is a one-time export: timeUnit 'day' and interval 0.")
    elif unit not in _INTERVALS or interval not in _INTERVALS[unit]:
        raise FlowProblem(400, f"Every {interval} {unit} is not offered; hours: 3, 6, 9, 12; days: 1.")
    for name in ("startTime", "endTime"):
        value = schedule.get(name)
        if value is None and name == "endTime":
            continue
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 10**11:
            raise FlowProblem(400, f"scheduleParams.{name} is {value!r}; expected epoch seconds.")


def _selectors(context: Context, body: Json) -> None:
    for transformation in body.get("transformations") or []:
        selectors = ((transformation.get("params") or {}).get("segmentSelectors") or {}).get("selectors") or []
        seen: set[str] = set()
        for selector in selectors:
            value = selector.get("value") if isinstance(selector, dict) else None
            if not isinstance(value, dict) or not isinstance(value.get("id"), str):
                raise FlowProblem(400, "A segment selector needs a value with the audience's id.")
            if value["id"] in seen:
                raise FlowProblem(400, f"The audience {value['id']} is in this flow already.")
            seen.add(value["id"])
            _audience(context, value["id"])
            _audience_schedule(value)


def _day(name: str, value: Any) -> None:
    # One that is no date would stop the scheduler when it comes to this flow.
    try:
        date.fromisoformat(str(value)[:10] if value else "2000-01-01")
    except ValueError:
        raise FlowProblem(400, f"schedule.{name} is {value!r}; expected a date such as 2026-11-09.") from None


def _audience(context: Context, id: str) -> None:
    """An audience by rule, or an external one whose rows are still kept."""
    if context.documents.get(DEFINITIONS, id) is not None:
        return
    external = context.documents.get(EXTERNAL, id)
    if external is None:
        raise FlowProblem(400, f"There is no audience {id}.")
    if external.body.get("emptied"):
        raise FlowProblem(400, f"The data of external audience {id} has expired; ingest it again.")


def _audience_schedule(value: Json) -> None:
    mode, schedule = value.get("exportMode"), value.get("schedule")
    if mode not in _FREQUENCIES:
        raise FlowProblem(400, f"exportMode is {mode!r}; expected one of {', '.join(_FREQUENCIES)}.")
    if not isinstance(schedule, dict) or not schedule.get("startDate"):
        raise FlowProblem(400, "A segment selector needs a schedule with frequency, triggerType and startDate.")
    for name in ("startDate", "endDate"):
        _day(name, schedule.get(name))
    if schedule.get("frequency") not in _FREQUENCIES[mode]:
        offered = ", ".join(_FREQUENCIES[mode])
        raise FlowProblem(400, f"{mode} with frequency {schedule.get('frequency')!r} is not offered; use {offered}.")
    trigger = schedule.get("triggerType")
    if trigger not in ("SCHEDULED", "AFTER_SEGMENT_EVAL"):
        raise FlowProblem(400, f"triggerType is {trigger!r}; expected SCHEDULED or AFTER_SEGMENT_EVAL.")
    if trigger == "AFTER_SEGMENT_EVAL" and mode != "DAILY_FULL_EXPORT":
        raise FlowProblem(400, "AFTER_SEGMENT_EVAL is for full daily exports only.")
    time = str(schedule.get("startTime", ""))
    if trigger == "SCHEDULED" and not (
        len(time) == 5 and time[:2].isdigit() and int(time[:2]) < 24 and time[2:] == ":00"
    ):
        raise FlowProblem(400, f"schedule.startTime is {time!r}; a SCHEDULED export starts on the hour, e.g. '05:00'.")
