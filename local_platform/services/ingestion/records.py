"""One JSON record against its schema, for the rows that Arrow could not read as a whole."""

from __future__ import annotations

from datetime import date
from typing import Any

from local_platform import xdm
from local_platform.services.ingestion.casts import parse_boolean, parse_integer, parse_time

Json = dict[str, Any]

_INT32 = (-(2**31), 2**31 - 1)
_INT64 = (-(2**63), 2**63 - 1)


class RowFault(Exception):
    """A record does not fit its schema.

    Args:
        path: dotted path of the field.
    """

    def __init__(self, message: str, path: str) -> None:
        super().__init__(message)
        self.message = message
        self.path = path


def convert_row(record: Json, resolved: Json, prefix: str = "") -> Json:
    """The record with Python values that Arrow takes for the schema's types.

    Raises:
        RowFault: an unknown field, or a value that cannot be converted.
    """
    properties = resolved.get("properties", {})
    out: Json = {}
    for name, value in record.items():
        path = f"{prefix}{name}"
        if name not in properties:
            raise RowFault(f"Row is corrupted and cannot be read: the schema has no field {path}.", path)
        out[name] = _convert(value, properties[name], path)
    return out


def _convert(value: Any, field: Json, path: str) -> Any:
    if value is None:
        return None
    kind = xdm.kind_of(field)
    if kind == "object":
        if not isinstance(value, dict):
            raise _fault(path, kind)
        return convert_row(value, field, f"{path}.")
    if kind == "array":
        if not isinstance(value, list):
            raise _fault(path, kind)
        inner = field.get("items", {"type": "string"})
        return [_convert(item, inner, f"{path}[]") for item in value]
    if kind == "map":
        if not isinstance(value, dict):
            raise _fault(path, kind)
        inner = field["additionalProperties"]
        return [(str(key), _convert(item, inner, f"{path}.{key}")) for key, item in value.items()]
    if isinstance(value, dict | list):
        raise _fault(path, kind)
    try:
        return _scalar(value, kind)
    except (ValueError, OverflowError):
        raise _fault(path, kind) from None


def _scalar(value: Any, kind: str) -> Any:
    """A plain JSON value as the kind.

    Raises:
        ValueError: it cannot be converted.
    """
    if kind == "boolean":
        return value if isinstance(value, bool) else parse_boolean(_text(value))
    if isinstance(value, bool):
        raise ValueError(value)
    if kind == "string":
        return value if isinstance(value, str) else str(value)
    if kind == "double":
        return float(value)
    if kind in ("int", "long"):
        if isinstance(value, float) and value != int(value):
            raise ValueError(value)
        return parse_integer(str(int(value)) if isinstance(value, float) else str(value), *_limits(kind))
    if kind == "date":
        return date.fromisoformat(_text(value))
    # Numbers are epoch milliseconds, which is what the column holds.
    return value if isinstance(value, int) else parse_time(_text(value))


def _limits(kind: str) -> tuple[int, int]:
    return _INT32 if kind == "int" else _INT64


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(value)
    return value


def _fault(path: str, kind: str) -> RowFault:
    return RowFault(f"The value of {path} cannot be converted to {kind}.", path)
