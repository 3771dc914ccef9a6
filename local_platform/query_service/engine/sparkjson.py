"""JSON as Spark reads it: its paths, its strictness about types, its inferred schemas."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from local_platform.query_service.engine import javatime
from local_platform.query_service.engine.relaxedjson import LENIENT, relaxed

_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]|\['([^']*)'\]|(\[\*\])|(\.\*)")
_BOUNDS = {"TINYINT": 2**7, "SMALLINT": 2**15, "INTEGER": 2**31, "BIGINT": 2**63}


class _Number(str):
    """A number as it was spelled."""


def _load(text: str, options: Mapping[str, str] = LENIENT) -> Any:
    # The first of two fields of one name counts.
    def fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            found.setdefault(name, value)
        return found

    return _read(text, options, fields, strict=False)


def _read(text: str, options: Mapping[str, str], fields: Any, *, strict: bool) -> Any:
    """The document's first value.

    Args:
        fields: makes an object of its fields.
        strict: control characters must be escaped, and what stands behind the first value is left alone.
    """

    def constant(name: str) -> float:
        if options.get("allownonnumericnumbers") == "false":
            raise ValueError(name)
        return float(name)

    decoder = json.JSONDecoder(
        parse_int=_Number, parse_float=_Number, parse_constant=constant, object_pairs_hook=fields, strict=strict
    )

    def read(document: str) -> Any:
        return decoder.raw_decode(document.strip())[0] if strict else decoder.decode(document)

    try:
        return read(text)
    except ValueError:
        return read(relaxed(text, options))


def _dump(value: Any) -> str:
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        return (
            "{"
            + ",".join(f"{json.dumps(name, ensure_ascii=False)}:{_dump(part)}" for name, part in value.items())
            + "}"
        )
    if isinstance(value, list):
        return "[" + ",".join(map(_dump, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


@lru_cache(maxsize=512)
def _steps(path: str) -> tuple[str | int | None, ...] | None:
    """Names, positions, and None for a wildcard; None for a text that is no path."""
    if not path.startswith("$"):
        return None
    steps: list[str | int | None] = []
    place = 1
    while place < len(path):
        found = _STEP.match(path, place)
        if found is None:
            return None
        if found[2] is not None:
            steps.append(int(found[2]))
        elif found[4] or found[5]:
            steps.append(None)
        else:
            steps.append(found[1] if found[1] is not None else found[3])
        place = found.end()
    return tuple(steps)


def at_path(text: str, path: str) -> str | None:
    """get_json_object."""
    steps = _steps(path)
    if steps is None:
        return None
    try:
        found = _found(_load(text), steps)
    except ValueError:
        return None
    if not found:
        return None
    if None in steps and (len(found) > 1 or steps[-1] is None):
        return "[" + ",".join(map(_dump, found)) + "]"
    value = found[0]
    if value is None:
        return None
    return value if isinstance(value, str) else _dump(value)


def _found(value: Any, steps: tuple[str | int | None, ...]) -> list[Any]:
    if not steps:
        return [value]
    step, rest = steps[0], steps[1:]
    if step is None:
        if not isinstance(value, list):
            return []
        return [found for part in value for found in _found(part, rest)]
    if isinstance(step, int):
        return _found(value[step], rest) if isinstance(value, list) and step < len(value) else []
    if isinstance(value, dict) and step in value:
        found = _found(value[step], rest)
        return found if rest or found != [None] else []
    return []


def conform(text: str, schema: str) -> str | None:
    """The JSON with only what the schema has, NULL for what does not fit its type; None for an empty text.

    A text that is no JSON gives a struct of NULLs where a struct is wanted.
    """
    if not text.strip():
        return None
    wanted, options = _schema(schema)
    corrupt = options.get("columnnameofcorruptrecord", "_corrupt_record")
    try:
        # Here the last of two fields of one name counts.
        value = _read(text, options, dict, strict=True)
    except ValueError:
        value = _NO_JSON
    if wanted["kind"] == "array" and isinstance(value, dict):
        value = [value]
    if wanted["kind"] == "struct" and isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
        value = value[0]
    misfits: list[Any] = []
    fitted = None if value is _NO_JSON else _fitted(value, wanted, options, misfits)
    if value is _NO_JSON or misfits or (wanted["kind"] == "struct" and not isinstance(value, dict)):
        if options.get("mode") == "failfast":
            raise ValueError(
                "[MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION] Malformed records are detected in record parsing: "
                f"{text[:100]}. Parse Mode: FAILFAST. With 'mode' as 'PERMISSIVE' they give NULL."
            )
        if wanted["kind"] != "struct":
            return None if fitted is None else json.dumps(fitted, ensure_ascii=False)
        fitted = fitted or {}
        if any(name == corrupt for name, _ in wanted["fields"]):
            fitted[corrupt] = text
    elif isinstance(fitted, dict) and wanted["kind"] == "struct" and corrupt in fitted:
        fitted[corrupt] = None
    return json.dumps(fitted, ensure_ascii=False)


_NO_JSON = object()


@lru_cache(maxsize=64)
def _schema(schema: str) -> tuple[Any, Mapping[str, str]]:
    loaded = json.loads(schema)
    return loaded["type"], loaded["options"]


def _fitted(value: Any, wanted: Any, options: Mapping[str, str], misfits: list[Any]) -> Any:
    """The value in the wanted type; what does not fit is NULL and noted among the misfits."""
    if value is None:
        return None
    kind = wanted["kind"]
    if kind == "struct" and isinstance(value, dict):
        return {name: _fitted(value.get(name), part, options, misfits) for name, part in wanted["fields"]}
    inner: list[Any] = []
    made: Any = None
    if kind == "array" and isinstance(value, list):
        made = [_fitted(part, wanted["element"], options, inner) for part in value]
    if kind == "map" and isinstance(value, dict):
        made = {name: _fitted(part, wanted["element"], options, inner) for name, part in value.items()}
    if made is not None:
        misfits.extend(inner)
        # A struct stays with what fits of it; of anything else one misfit spoils the whole.
        return None if inner and wanted["element"]["kind"] != "struct" else made
    fitted = None if kind in ("struct", "array", "map") else _simple(value, kind, options)
    if fitted is None:
        misfits.append(value)
    return fitted


def _simple(value: Any, kind: str, options: Mapping[str, str]) -> Any:
    number, text = isinstance(value, _Number), isinstance(value, str)
    if kind == "VARCHAR":
        return str(value) if text else _dump(value)
    if kind == "BOOLEAN":
        return value if isinstance(value, bool) else None
    if kind in _BOUNDS:
        whole = number and re.fullmatch(r"-?\d+", value) is not None
        return int(value) if whole and -_BOUNDS[kind] <= int(value) < _BOUNDS[kind] else None
    if kind in ("DOUBLE", "FLOAT"):
        if number:
            return float(value) if math.isfinite(float(value)) else f"{'-' * value.startswith('-')}Infinity"
        if isinstance(value, float):
            return json.dumps(value)
        return str(value) if text and value in ("NaN", "Infinity", "-Infinity", "+INF", "INF", "-INF") else None
    if kind.startswith("DECIMAL"):
        try:
            return format(Decimal(value), "f") if text else None
        except InvalidOperation:
            return None
    if text and not number:
        pattern = options.get("dateformat" if kind == "DATE" else "timestampformat")
        return _instant(value, kind) if pattern is None else _by_pattern(value, kind, pattern)
    return None


def _by_pattern(value: str, kind: str, pattern: str) -> str | None:
    micros = javatime.parse_time(value, pattern)
    if micros is None:
        return None
    at = datetime(1970, 1, 1) + timedelta(microseconds=micros)
    return at.date().isoformat() if kind == "DATE" else at.isoformat(sep=" ")


def _instant(value: str, kind: str) -> str | None:
    """Dates and times in ISO 8601; a blank may stand for the T."""
    try:
        if kind == "DATE":
            return date.fromisoformat(value[:10]).isoformat()
        return datetime.fromisoformat(value).isoformat(sep=" ") if re.match(r"\d{4}-", value) else None
    except ValueError:
        return None


def schema_of(text: str, options: Mapping[str, str] = LENIENT) -> str | None:
    """The schema of a document, as schema_of_json prints it."""
    try:
        inferred = _inferred(_read(text, options, dict, strict=True))
    except ValueError:
        return None
    return _printed(_as_strings(inferred) if options.get("primitivesasstring") == "true" else inferred)


def _as_strings(inferred: Any) -> Any:
    if isinstance(inferred, dict):
        return {name: _as_strings(part) for name, part in inferred.items()}
    return [_as_strings(inferred[0])] if isinstance(inferred, list) else "STRING"


def _inferred(value: Any) -> Any:
    """A name, a dict of fields, or a list with the element's type; None for null."""
    if value is None or isinstance(value, bool):
        return None if value is None else "BOOLEAN"
    if isinstance(value, dict):
        return {name: _inferred(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        element = None
        for part in value:
            element = _wider(element, _inferred(part))
        return [element]
    if isinstance(value, _Number):
        if re.fullmatch(r"-?\d+", value) is None:
            return "DOUBLE"
        return "BIGINT" if -(2**63) <= int(value) < 2**63 else f"DECIMAL({len(value.lstrip('-'))},0)"
    return "STRING"


def _wider(one: Any, other: Any) -> Any:
    if one is None or other is None or one == other:
        return other if one is None else one
    if isinstance(one, dict) and isinstance(other, dict):
        names = sorted({*one, *other})
        return {name: _wider(one.get(name), other.get(name)) for name in names}
    if isinstance(one, list) and isinstance(other, list):
        return [_wider(one[0], other[0])]
    return "DOUBLE" if {one, other} == {"BIGINT", "DOUBLE"} else "STRING"


def _printed(inferred: Any) -> str:
    if isinstance(inferred, dict):
        return "STRUCT<" + ", ".join(f"{name}: {_printed(part)}" for name, part in inferred.items()) + ">"
    if isinstance(inferred, list):
        return f"ARRAY<{_printed(inferred[0])}>"
    return inferred or "STRING"
