"""Event times: many notations, one meaning, or a reason why not.

What is read: timestamps of any unit (without a zone: UTC); ISO 8601 text, with or without seconds, with `Z`, `UTC` or
an offset (without any: UTC); a date alone (00:00 UTC); seconds, milli-, micro- or nanoseconds since 1970 as whole
numbers of 10, 13, 16 or 19 digits. Finer than milliseconds is cut off: XDM times are milliseconds.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from runner.errors import DataError
from runner.events_file.problems import Bools, Ints, Problems

ISO = r"^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?: ?(?:Z|z|UTC|[+-]\d{2}(?::?\d{2})?))?)?$"
_EPOCH = r"^(?:\d{10}|\d{13}|\d{16}|\d{19})$"
_NAMED_ZONE = r"^\d{4}-\d{2}-\d{2}[T ][\d:.,]+ ?(?:[A-Za-z]{2,}|\[)"
_EITHER_WAY = r"^\d{1,2}[/.\-]\d{1,2}[/.\-]\d{2,4}"


def read_times(column: Any, now: datetime, problems: Problems) -> Ints:
    """Milliseconds since 1970 for every row; rows that have none are added to `problems` (their value is 0).

    Raises:
        DataError: the column's type can hold no time, or is ambiguous as a whole.
    """
    values, valid = _milliseconds(column, problems)
    problems.add("timestamp is empty", _null(column))
    too_late = valid & (values > int(now.timestamp() * 1000))
    problems.add(f"timestamp is in the future (now is {now.astimezone(UTC):%Y-%m-%d %H:%M} UTC)", too_late)
    problems.add("timestamp is before 1970", valid & (values < 0))
    return values


def _milliseconds(column: Any, problems: Problems) -> tuple[Ints, Bools]:
    kind = column.type
    if pa.types.is_timestamp(kind):
        values = _floored(column.cast(pa.timestamp(kind.unit)).cast(pa.int64()), kind.unit)
        return values, ~_null(column)
    if pa.types.is_date(kind):
        return _floored(column.cast(pa.timestamp("ms")).cast(pa.int64()), "ms"), ~_null(column)
    if pa.types.is_integer(kind):
        return _text(column.cast(pa.string()), problems)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _text(column, problems)
    raise DataError(
        f"The column timestamp has the type {kind}, which is no time.",
        "Write timestamps (UTC), ISO 8601 text such as 2026-11-09T10:15:00Z, or whole milliseconds since 1970.",
    )


def _text(column: Any, problems: Problems) -> tuple[Ints, Bools]:
    iso, epoch = _matches(column, ISO), _matches(column, _EPOCH)
    values = np.zeros(len(column), np.int64)
    parsed = np.zeros(len(column), bool)
    if epoch.any():
        digits = np.char.ljust(_strings(column, epoch).astype("U19"), 19, "0").astype(np.int64)
        values[epoch], parsed[epoch] = digits // 1_000_000, True
    if iso.any():
        moments = parse_iso(pd.Series(_strings(column, iso)))
        parsed[iso] = moments.notna().to_numpy()
        values[iso] = np.where(moments.notna(), moments.to_numpy().astype("datetime64[ms]").astype(np.int64), 0)
    rest = ~parsed & ~_null(column)
    zone = rest & _matches(column, _NAMED_ZONE)
    either = rest & ~zone & _matches(column, _EITHER_WAY)
    problems.add("timestamp's time zone is a name, which is ambiguous (write UTC or an offset such as +02:00)", zone)
    problems.add("timestamp's day and month can be read either way (write 2026-11-09T10:15:00Z)", either)
    problems.add("timestamp is not a time (write 2026-11-09T10:15:00Z)", rest & ~zone & ~either)
    return values, parsed


def parse_iso(text: pd.Series[Any]) -> pd.Series[Any]:
    """ISO 8601 text to UTC moments without zone; NaT where the date or time of day does not exist."""
    plain = text.str.replace(r" ?(?:UTC|z)$", "Z", regex=True).str.replace(",", ".", regex=False)
    plain = plain.str.replace(r"(:[\d.]+) ?([+-]\d{2})$", r"\1\2:00", regex=True)
    plain = plain.str.replace(r" ([+-]\d{2}:?\d{2})$", r"\1", regex=True)
    return pd.to_datetime(plain, format="ISO8601", utc=True, errors="coerce").dt.tz_localize(None)


def _matches(column: Any, pattern: str) -> Bools:
    found: Bools = pc.fill_null(pc.match_substring_regex(column, pattern), False).to_numpy(zero_copy_only=False)
    return found


def _strings(column: Any, rows: Bools) -> Any:
    return column.filter(pa.array(rows)).to_numpy(zero_copy_only=False)


def _floored(values: Any, unit: str) -> Ints:
    numbers: Ints = pc.fill_null(values, 0).to_numpy(zero_copy_only=False).astype(np.int64)
    return numbers * 1000 if unit == "s" else numbers // {"ms": 1, "us": 1_000, "ns": 1_000_000}[unit]


def _null(column: Any) -> Bools:
    nulls: Bools = column.is_null().to_numpy(zero_copy_only=False)
    return nulls
