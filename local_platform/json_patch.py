"""JSON Patch (RFC 6902) on plain values; Catalog and Schema Registry both take it."""

from __future__ import annotations

import copy
from typing import Any


class PatchError(Exception):
    """The patch is malformed, or does not fit the document."""


def apply(document: Any, operations: Any) -> Any:
    """A changed copy of the document; the original stays.

    Raises:
        PatchError
    """
    if not isinstance(operations, list) or not all(isinstance(step, dict) for step in operations):
        raise PatchError("A JSON Patch is an array of objects with 'op' and 'path'.")
    result = copy.deepcopy(document)
    for step in operations:
        result = _step(result, step)
    return result


def _step(document: Any, step: dict[str, Any]) -> Any:
    name, path = step.get("op"), step.get("path")
    if not isinstance(path, str) or (path and not path.startswith("/")):
        raise PatchError(f"The path {path!r} is not a JSON pointer.")
    if name in ("add", "replace", "test"):
        if "value" not in step:
            raise PatchError(f"The operation {name!r} on {path!r} has no 'value'.")
        return _with_value(document, name, path, copy.deepcopy(step["value"]))
    if name == "remove":
        return _remove(document, path)
    if name in ("move", "copy"):
        value = copy.deepcopy(_get(document, str(step.get("from", ""))))
        if name == "move":
            document = _remove(document, str(step["from"]))
        return _with_value(document, "add", path, value)
    raise PatchError(f"The operation {name!r} is not one of add, remove, replace, move, copy, test.")


def _with_value(document: Any, name: str, path: str, value: Any) -> Any:
    if name == "test":
        if _get(document, path) != value:
            raise PatchError(f"The value at {path!r} is not the one tested for.")
        return document
    if not path:
        return value
    if name == "replace":
        _get(document, path)
    parent, key = _parent(document, path)
    if isinstance(parent, list):
        index = len(parent) if key == "-" else _index(key, len(parent))
        if name == "replace":
            parent[index] = value
        else:
            parent.insert(index, value)
    else:
        parent[key] = value
    return document


def _remove(document: Any, path: str) -> Any:
    if not path:
        raise PatchError("The whole document cannot be removed.")
    _get(document, path)
    parent, key = _parent(document, path)
    if isinstance(parent, list):
        del parent[_index(key, len(parent) - 1)]
    else:
        del parent[key]
    return document


def _get(document: Any, path: str) -> Any:
    value = document
    for part in _parts(path):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            raise PatchError(f"The path {path!r} does not exist.")
    return value


def _parent(document: Any, path: str) -> tuple[Any, str]:
    parts = _parts(path)
    above = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts[:-1])
    parent = _get(document, above)
    if not isinstance(parent, dict | list):
        raise PatchError(f"The path {path!r} leads into a plain value.")
    return parent, parts[-1]


def _parts(path: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]


def _index(key: str, most: int) -> int:
    if not key.isdigit() or int(key) > most:
        raise PatchError(f"The array index {key!r} is out of range.")
    return int(key)
