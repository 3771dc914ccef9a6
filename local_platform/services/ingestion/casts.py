"""Conversions on ingestion, as Adobe's data conversion page lists them.

Strings become numbers, booleans, dates and date-times where they parse; numbers become each other and strings; epoch
milliseconds become date-times. Nothing becomes an object or an array, or stops being one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_TRUE, _FALSE = ("true", "1"), ("false", "0")


def compatible(source: pa.DataType, target: pa.DataType) -> bool:
    """Whether some value of the source type can become one of the target type."""
    if pa.types.is_null(source) or source.equals(target):
        return True
    if pa.types.is_dictionary(source):
        return compatible(source.value_type, target)
    if pa.types.is_list(target):
        return _is_listlike(source) and compatible(source.value_type, target.value_type)
    if pa.types.is_struct(target):
        if not pa.types.is_struct(source):
            return False
        known = {child.name: child.type for child in target}
        return all(child.name in known and compatible(child.type, known[child.name]) for child in source)
    if pa.types.is_map(target):
        return bool(pa.types.is_map(source))
    if pa.types.is_nested(source):
        return False
    if _is_text(source):
        return True
    if _is_number(source):
        to_time = pa.types.is_timestamp(target) and pa.types.is_int64(source)
        return bool(_is_number(target) or _is_text(target) or to_time)
    if pa.types.is_timestamp(source):
        return bool(pa.types.is_timestamp(target))
    return bool(pa.types.is_date(source) and pa.types.is_date(target))


def cast_leaf(source: Any, target: pa.DataType) -> tuple[Any, Any | None]:
    """The array as the target type, with null where a value does not convert; and a mask of those, or None."""
    if source.type.equals(target):
        return source, None
    if pa.types.is_dictionary(source.type):
        source = source.dictionary_decode()
    if pa.types.is_large_string(source.type) or pa.types.is_string_view(source.type):
        source = source.cast(pa.string())
        if source.type.equals(target):
            return source, None
    if _is_text(source.type):
        return _from_text(source, target)
    if _is_number(source.type) and pa.types.is_integer(target):
        return _to_integer(source, target)
    # The remaining ones lose nothing that the target could hold.
    return source.cast(target, safe=False), None


def _from_text(source: Any, target: pa.DataType) -> tuple[Any, Any | None]:
    """Cast at once; if that fails, each distinct text by itself."""
    for attempt in _attempts(target):
        try:
            return pc.cast(pc.cast(source, attempt), target, safe=False), None
        except pa.ArrowInvalid:
            continue
    parse = _parser(target)
    encoded = source.dictionary_encode()
    values = [_attempt(parse, text) for text in encoded.dictionary.to_pylist()]
    converted = pa.array(values, type=target).take(encoded.indices)
    bad = pc.and_(pc.is_null(converted), pc.is_valid(source)).to_numpy(zero_copy_only=False)
    return converted, bad if bad.any() else None


def _attempts(target: pa.DataType) -> list[pa.DataType]:
    """Types to which all texts may be cast at once; Arrow's own reading of booleans is wider than the documents'."""
    if pa.types.is_boolean(target):
        return []
    return [target, pa.timestamp("us", tz="UTC")] if pa.types.is_timestamp(target) else [target]


def _to_integer(source: Any, target: pa.DataType) -> tuple[Any, Any | None]:
    try:
        return pc.cast(source, target), None
    except pa.ArrowInvalid:
        pass
    limits = np.iinfo(target.to_pandas_dtype())
    numbers = source.cast(pa.float64(), safe=False)
    outside = pc.or_(pc.less(numbers, float(limits.min)), pc.greater(numbers, float(limits.max)))
    broken = pc.or_(outside, pc.not_equal(numbers, pc.floor(numbers)))
    bad = pc.fill_null(broken, False)
    kept = pc.if_else(bad, pa.scalar(None, source.type), source)
    return kept.cast(target, safe=False), bad.to_numpy(zero_copy_only=False)


def _attempt(parse: Callable[[str], Any], text: str | None) -> Any:
    if text is None:
        return None
    try:
        return parse(text)
    except (ValueError, OverflowError):
        return None


def _parser(target: pa.DataType) -> Callable[[str], Any]:
    if pa.types.is_boolean(target):
        return parse_boolean
    if pa.types.is_integer(target):
        limits = np.iinfo(target.to_pandas_dtype())
        return lambda text: parse_integer(text, int(limits.min), int(limits.max))
    if pa.types.is_floating(target):
        return float
    if pa.types.is_date(target):
        return date.fromisoformat
    if pa.types.is_timestamp(target):
        return parse_time
    return str


def parse_boolean(text: str) -> bool:
    """`true` and `false` in any case.

    Raises:
        ValueError
    """
    lowered = text.lower()
    if lowered in _TRUE or lowered in _FALSE:
        return lowered in _TRUE
    raise ValueError(text)


def parse_integer(text: str, least: int, most: int) -> int:
    """A whole number within the limits.

    Raises:
        ValueError
    """
    number = int(text)
    if not least <= number <= most:
        raise ValueError(text)
    return number


def parse_time(text: str) -> datetime:
    """An RFC 3339 date-time with an offset.

    Raises:
        ValueError: another form, or without an offset: it would be a guess.
    """
    parsed = datetime.fromisoformat(text)
    if parsed.tzinfo is None:
        raise ValueError(text)
    moment = parsed.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _is_text(type_: pa.DataType) -> bool:
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_))


def _is_number(type_: pa.DataType) -> bool:
    return bool(pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_))


def _is_listlike(type_: pa.DataType) -> bool:
    return bool(pa.types.is_list(type_) or pa.types.is_large_list(type_))
