"""Ids, event types and further columns: checked row by row, vectorised, never trimmed or coerced."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from runner.blueprints import FieldKind
from runner.errors import DataError
from runner.events_file.problems import Bools, Problems
from runner.events_file.times import ISO, parse_iso

LONGEST_ID = 1024
"""Identity values above this are skipped by Identity Service (guardrails for Identity Service data)."""
LONGEST_EVENT_TYPE = 200
_BLOCKED_IDS = ("null", "anonymous", "invalid")
"""Identity Service blocks these values (same page)."""
_NUMBER = r"^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$"
_CODE = r"^[+-]?0\d|^[+-]?\d{16,}$"
"""Digits that are a code rather than a number: leading zeros, or more than a double can hold."""
_ARROW: dict[FieldKind, Any] = {
    "string": pa.string(),
    "boolean": pa.bool_(),
    "integer": pa.int32(),
    "double": pa.float64(),
    "date": pa.date32(),
    "date-time": pa.timestamp("ms", tz="UTC"),
}


def user_ids(column: Any, namespace: str, problems: Problems) -> Any:
    """The person key as exact text; rows without a usable one are added to `problems`.

    Raises:
        DataError: the column's type cannot be shown as exact text (floats, nested values).
    """
    text = _exact_text(column, "user_id")
    bad = _missing(text, "user_id", problems)
    _no_control_characters(text, "user_id", ~bad, problems)
    if namespace.upper() == "ECID":
        problems.add("user_id is no ECID (38 digits)", ~bad & ~_matches(text, r"^\d{38}$"))
        return text
    problems.add(f"user_id has more than {LONGEST_ID} characters", ~bad & _longer(text, LONGEST_ID))
    blocked = _flags(pc.is_in(pc.utf8_lower(text), value_set=pa.array(_BLOCKED_IDS, text.type)))
    problems.add(f"user_id is one that the platform blocks ({', '.join(_BLOCKED_IDS)})", ~bad & blocked)
    return text


def event_types(column: Any, problems: Problems) -> Any:
    """The event type as text."""
    text = _exact_text(column, "event_type")
    bad = _missing(text, "event_type", problems)
    _no_control_characters(text, "event_type", ~bad, problems)
    problems.add(f"event_type has more than {LONGEST_EVENT_TYPE} characters", ~bad & _longer(text, LONGEST_EVENT_TYPE))
    return text


def further_column(
    name: str, column: Any, text: bool, kind: FieldKind | None, problems: Problems
) -> tuple[FieldKind, Any]:
    """A further column's type and its values in the Parquet type of it.

    Args:
        text: the file is CSV, so that types must be inferred. kind: prescribed by a standard path, or None.

    Raises:
        DataError: the column's type has no place in a flat XDM field.
    """
    source = column.type
    if pa.types.is_nested(source):
        raise DataError(
            f"The column '{name}' holds {source}.", "Write each value in a column named by its own XDM path."
        )
    if not _is_text(source):
        return _typed(name, column, kind, problems)
    wanted = kind or (_inferred(column) if text else "string")
    return wanted, _parsed(name, column, wanted, problems)


def _exact_text(column: Any, name: str) -> Any:
    kind = column.type
    if _is_text(kind):
        return column.cast(pa.string())
    if pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale == 0):
        return column.cast(pa.string())
    if pa.types.is_null(kind):
        return column.cast(pa.string())
    why = "a float cannot be written back as the exact text it came from" if pa.types.is_floating(kind) else "not text"
    raise DataError(f"The column {name} has the type {kind}: {why}.", f"Write {name} as text.")


def _missing(text: Any, name: str, problems: Problems) -> Bools:
    missing = _flags(text.is_null()) | _flags(pc.equal(pc.utf8_trim_whitespace(text), ""))
    problems.add(f"{name} is empty", missing)
    return missing


def _no_control_characters(text: Any, name: str, rows: Bools, problems: Problems) -> None:
    problems.add(f"{name} holds a control character", rows & _matches(text, r"[\x00-\x1f\x7f]"))


def _inferred(column: Any) -> FieldKind:
    """The type that every value of a text column has; string when they have none in common or there is none."""
    values = column.drop_null()
    if len(values) == 0:
        return "string"
    if _matches(values, _NUMBER).all():
        return "string" if _matches(values, _CODE).any() else "double"
    if _matches(values, r"(?i)^(?:true|false)$").all():
        return "boolean"
    if _matches(values, ISO).all() and parse_iso(pd.Series(values.to_numpy(zero_copy_only=False))).notna().all():
        return "date" if _matches(values, r"^.{10}$").all() else "date-time"
    return "string"


def _parsed(name: str, column: Any, kind: FieldKind, problems: Problems) -> Any:
    """Text as values of a type; rows whose text is none are added to `problems`."""
    given = ~_flags(column.is_null())
    if kind == "string":
        _no_nul(name, column, problems)
        return column.cast(pa.string())
    if kind == "boolean":
        fits = _matches(column, r"(?i)^(?:true|false)$")
        values = pc.equal(pc.utf8_lower(column), "true")
    elif kind in ("date", "date-time"):
        moments = parse_iso(pd.Series(column.to_numpy(zero_copy_only=False), dtype="str").where(_matches(column, ISO)))
        fits = moments.notna().to_numpy()
        stamps = pa.array(moments.to_numpy().astype("datetime64[ms]"), mask=~fits)
        values = stamps.cast(pa.date32(), safe=False) if kind == "date" else stamps.cast(_ARROW[kind])
    else:
        fits = _matches(column, _NUMBER)
        numbers = pd.to_numeric(pd.Series(column.to_numpy(zero_copy_only=False)).where(fits)).to_numpy(float)
        return _numbers(name, numbers, given, fits & np.isfinite(numbers), kind, problems)
    problems.add(f"{name} is no {_word(kind)}", given & ~fits)
    return _masked(values, given & fits)


def _typed(name: str, column: Any, kind: FieldKind | None, problems: Problems) -> tuple[FieldKind, Any]:
    """A column that Parquet gives a type."""
    source = column.type
    if pa.types.is_null(source):
        return kind or "string", column.cast(_ARROW[kind or "string"])
    own: FieldKind | None = None
    if pa.types.is_boolean(source):
        own = "boolean"
    elif pa.types.is_integer(source) or pa.types.is_floating(source) or pa.types.is_decimal(source):
        own = "double"
    elif pa.types.is_timestamp(source):
        own = "date-time"
    elif pa.types.is_date(source):
        own = "date"
    if own is None:
        raise DataError(f"The column '{name}' has the type {source}.", "Write numbers, text, booleans or timestamps.")
    wanted = kind or own
    if wanted == "string" and own in ("double", "boolean") and not pa.types.is_floating(source):
        return wanted, column.cast(pa.string())
    if own == "double" and wanted in ("double", "integer"):
        numbers = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False).astype(float)
        given = ~np.isnan(numbers)  # data frames write missing numbers as NaN
        return wanted, _numbers(name, numbers, given, np.isfinite(numbers), wanted, problems)
    if own == wanted == "date-time":
        stamps = column.cast(pa.timestamp(source.unit)).cast(pa.timestamp("ms"), safe=False)
        return wanted, stamps.cast(_ARROW[wanted])
    if own == wanted or (own == "date" and wanted == "date-time"):
        return wanted, column.cast(_ARROW[wanted], safe=False)
    raise DataError(
        f"The column '{name}' has the type {source}, but its XDM field is {_word(wanted)}.", "Write that type."
    )


def _numbers(name: str, numbers: Any, given: Bools, fits: Bools, kind: FieldKind, problems: Problems) -> Any:
    if kind == "integer":
        fits &= (np.floor(numbers) == numbers) & (np.abs(numbers) < 2**31)
    problems.add(f"{name} is no {_word(kind)}", given & ~fits)
    kept = given & fits
    values = np.where(kept, numbers, 0.0)
    return pa.array(values.astype(np.int32) if kind == "integer" else values, mask=~kept)


def _no_nul(name: str, column: Any, problems: Problems) -> None:
    problems.add(f"{name} holds a NUL character", _matches(column, r"\x00"))


def _masked(values: Any, kept: Bools) -> Any:
    return pc.if_else(pa.array(kept), values, pa.scalar(None, values.type))


def _longer(text: Any, most: int) -> Bools:
    return _flags(pc.greater(pc.utf8_length(text), most))


def _matches(text: Any, pattern: str) -> Bools:
    return _flags(pc.match_substring_regex(text, pattern))


def _flags(values: Any) -> Bools:
    flags: Bools = pc.fill_null(values, False).to_numpy(zero_copy_only=False).astype(bool)
    return flags


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _word(kind: FieldKind) -> str:
    return {"double": "number", "integer": "whole number", "date-time": "timestamp"}.get(kind, kind)
