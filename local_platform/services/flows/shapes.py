"""Of what types the parts of Flow Service's objects are: a body of another shape is refused before it is looked into.

A shape is a type or a tuple of them, a list of one shape for lists, or a mapping for objects: parts that it does not
name may be anything, and a part that is null counts as absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_platform.services.flows.errors import FlowProblem

Json = dict[str, Any]
_WHOLE_OR_TEXT = (int, str)
_SPEC = {"id": str, "version": str}
_SELECTOR = {
    "value": {
        "name": str,
        "filenameTemplate": str,
        "fileNameTemplate": str,
        "schedule": {"frequency": str, "triggerType": str, "startDate": str, "endDate": str, "startTime": str},
        "exportMode": str,
        "path": str,
        "mapping": {},
    }
}
_TRANSFORMATION = {
    "params": {
        "mappingId": str,
        "profileMapping": {"mappingId": str},
        "segmentSelectors": {"selectors": [_SELECTOR]},
        "profileSelectors": {"selectors": [_SELECTOR]},
        "mandatoryFields": [str],
        "primaryFields": [{"fieldType": str, "attributePath": str}],
    }
}
_CONNECTION = {"connectionSpec": _SPEC}
_SHAPES: Mapping[str, Json] = {
    "connections": _CONNECTION,
    "sourceConnections": {**_CONNECTION, "params": {}, "data": {"properties": {"columnDelimiter": str}}},
    "targetConnections": {**_CONNECTION, "baseConnectionId": str, "params": {}},
    "flows": {
        "flowSpec": _SPEC,
        "sourceConnectionIds": [str],
        "targetConnectionIds": [str],
        "transformations": [_TRANSFORMATION],
        "scheduleParams": {
            "exportMode": str,
            "timeUnit": str,
            "frequency": str,
            "startTime": _WHOLE_OR_TEXT,
            "endTime": _WHOLE_OR_TEXT,
            "folderNameTemplate": str,
        },
    },
}
_LONGEST_QUOTED = 80


def check(kind: str, body: Any) -> None:
    """Refuse a body of the wrong shape.

    Args:
        kind: e.g. ``flows``.

    Raises:
        FlowProblem: 400, naming the part.
    """
    if (wrong := misshapen(body, _SHAPES[kind])) is not None:
        raise FlowProblem(400, wrong)


def misshapen(value: Any, shape: Any, path: str = "") -> str | None:
    """The first part that is not of its shape, as a sentence; None when all are."""
    if isinstance(shape, Mapping):
        if not isinstance(value, dict):
            return _told(path, value, "an object")
        inner = ((f"{path}.{name}" if path else name, value[name], part) for name, part in shape.items()
                 if value.get(name) is not None)  # fmt: skip
    elif isinstance(shape, list):
        if not isinstance(value, list):
            return _told(path, value, "a list")
        inner = ((f"{path}[{number}]", item, shape[0]) for number, item in enumerate(value))
    elif isinstance(value, bool) or not isinstance(value, shape):
        return _told(path, value, "text" if shape is str else "a whole number, or one as text")
    else:
        return None
    return next((wrong for name, item, part in inner if (wrong := misshapen(item, part, name)) is not None), None)


def _told(path: str, value: Any, expected: str) -> str:
    return f"{path or 'The body'} is {repr(value)[:_LONGEST_QUOTED]}; expected {expected}."
