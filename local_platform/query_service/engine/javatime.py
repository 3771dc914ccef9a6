"""Times by Java's patterns, for those DuckDB's own functions do not have."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from local_platform.query_service.compiler.patterns import pieces

_MONTHS = tuple(
    "January,February,March,April,May,June,July,August,September,October,November,December".split(",")  # noqa: SIM905
)
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_QUARTERS = ("1st", "2nd", "3rd", "4th")
_EPOCH = datetime(1970, 1, 1)
_MICRO = timedelta(microseconds=1)
_OFFSETS = {
    "X": ("Z", "Z", "Z", "Z", "Z"),
    "x": ("+00", "+0000", "+00:00", "+0000", "+00:00"),
    "Z": ("+0000", "+0000", "+0000", "GMT", "Z"),
    "O": ("GMT", "", "", "GMT"),
    "V": ("", "UTC"),
    "z": ("UTC", "UTC", "UTC", "Coordinated Universal Time"),
}


def format_time(micros: int, pattern: str) -> str:
    """Text of an instant (microseconds since 1970, in UTC)."""
    at = _EPOCH + timedelta(microseconds=micros)
    written = [_written(text, at) if kind == "letters" else text for kind, text in pieces(pattern) if kind not in "[]"]
    return "".join(written)


def _written(text: str, at: datetime) -> str:
    letter, count = text[0], len(text)
    numbers = {
        "d": at.day,
        "H": at.hour,
        "h": at.hour % 12 or 12,
        "K": at.hour % 12,
        "k": at.hour or 24,
        "m": at.minute,
        "s": at.second,
        "D": at.timetuple().tm_yday,
    }
    if letter in numbers:
        return str(numbers[letter]).zfill(count)
    if letter == "y":
        return f"{at.year % 100:02}" if count == 2 else str(at.year).zfill(count)
    if letter in "ML":
        name = _MONTHS[at.month - 1]
        return (str(at.month), f"{at.month:02}", name[:3], name)[count - 1]
    if letter in "Qq":
        quarter = (at.month + 2) // 3
        return (str(quarter), f"{quarter:02}", f"Q{quarter}", f"{_QUARTERS[quarter - 1]} quarter")[count - 1]
    if letter == "E":
        return _DAYS[at.weekday()] if count == 4 else _DAYS[at.weekday()][:3]
    if letter == "S":
        return f"{at.microsecond:06}000"[:count]
    if letter == "G":
        return "Anno Domini" if count == 4 else "AD"
    if letter == "a":
        return "AM" if at.hour < 12 else "PM"
    return _OFFSETS[letter][count - 1]


def parse_time(text: str, pattern: str) -> int | None:
    """Microseconds since 1970; None for a text that does not fit.

    Raises:
        ValueError: the text fits the pattern only by the lenient rules of Spark 2, and Spark 3 refuses to guess.
    """
    found = _expression(pattern).fullmatch(text)
    value = _value(found) if found is not None else None
    if value is None and (lenient := _lenient(pattern).match(text)) is not None and _value(lenient) is not None:
        raise ValueError(
            "[INCONSISTENT_BEHAVIOR_CROSS_VERSION.PARSE_DATETIME_BY_NEW_PARSER] "
            f"Fail to parse {text!r} with the pattern {pattern!r}; older versions would have read it."
        )
    return value


@lru_cache(maxsize=256)
def _expression(pattern: str) -> re.Pattern[str]:
    parts = []
    for number, (kind, text) in enumerate(pieces(pattern, parse=True)):
        if kind == "[":
            parts.append("(?:")
        elif kind == "]":
            parts.append(")?")
        elif kind == "text":
            parts.append(re.escape(text))
        else:
            parts.append(f"(?P<{text[0]}{number}>{_shape(text)})")
    return re.compile("".join(parts), re.IGNORECASE)


def _shape(text: str) -> str:
    letter, count = text[0], len(text)
    if letter in "ML" and count > 2:
        return "|".join(name[:3] if count == 3 else name for name in _MONTHS)
    if letter == "a":
        return "AM|PM"
    if letter == "G":
        return "AD|Anno Domini"
    if letter == "S":
        return rf"\d{{1,{count}}}"
    if letter == "X":
        return r"Z|[+-]\d{2}" + ("", r"\d{2}", r":\d{2}", r"\d{2}", r":\d{2}")[count - 1]
    if letter in "xZ":
        return r"[+-]\d{2}:?\d{2}|[+-]\d{2}" if letter == "x" else r"[+-]\d{4}|Z|GMT(?:[+-]\d{2}:\d{2})?"
    if letter in "VzO":
        return r"[A-Za-z][A-Za-z0-9_+/:-]*|[+-]\d{2}:\d{2}"
    return r"\d+" if count == 1 else rf"\d{{{count}}}"


@lru_cache(maxsize=256)
def _lenient(pattern: str) -> re.Pattern[str]:
    """As SimpleDateFormat reads: a prefix is enough, and numbers have any number of digits unless they touch."""
    parts = []
    listed = [piece for piece in pieces(pattern, parse=True) if piece[0] not in "[]"]
    for number, (kind, text) in enumerate(listed):
        touches = number + 1 < len(listed) and listed[number + 1][0] == "letters"
        if kind == "text":
            parts.append(re.escape(text))
        elif text[0] in "yMLdDHhKkmsS" and not (text[0] in "ML" and len(text) > 2):
            parts.append(f"(?P<{text[0]}{number}>" + (rf"\d{{{len(text)}}}" if touches else r"\s*\d+") + ")")
        else:
            parts.append(f"(?P<{text[0]}{number}>{_shape(text)})")
    return re.compile("".join(parts), re.IGNORECASE)


def _value(found: re.Match[str]) -> int | None:
    parts = {name[0]: (value, len(value)) for name, value in found.groupdict().items() if value is not None}
    given = {letter: value.strip() for letter, (value, _) in parts.items()}
    try:
        at = _date(given) + _time_of_day(given)
    except (ValueError, OverflowError):
        return None
    zone = next((given[letter] for letter in "XxZVzO" if letter in given), None)
    if zone is not None:
        try:
            at = _in_utc(at, zone)
        except (ZoneInfoNotFoundError, ValueError):
            return None
    return (at - _EPOCH) // _MICRO


def _date(given: dict[str, str]) -> datetime:
    text = given.get("y", "1970")
    year = int(text) + (2000 if len(text) == 2 else 0)
    if "D" in given:
        at = datetime(year, 1, 1) + timedelta(days=int(given["D"]) - 1)
        if at.year != year:
            raise ValueError("no such day of the year")
        return at
    name = given.get("M", given.get("L", "1"))
    month = int(name) if name.isdigit() else [each[:3].lower() for each in _MONTHS].index(name[:3].lower()) + 1
    return datetime(year, month, int(given.get("d", "1")))


def _time_of_day(given: dict[str, str]) -> timedelta:
    hour = int(given.get("H", given.get("k", "0"))) % (24 if "k" in given else 10**9)
    half = given.get("h", given.get("K"))
    if half is not None:
        if not (1 <= int(half) <= 12 if "h" in given else 0 <= int(half) <= 11):
            raise ValueError("no such hour")
        hour = int(half) % 12 + (12 if given.get("a", "AM").upper() == "PM" else 0)
    minute, second = int(given.get("m", "0")), int(given.get("s", "0"))
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError("no such time")
    micros = int(given.get("S", "0").ljust(6, "0")[:6])
    return timedelta(hours=hour, minutes=minute, seconds=second, microseconds=micros)


def _in_utc(at: datetime, zone: str) -> datetime:
    offset = re.fullmatch(r"(?:GMT|UTC|UT)?([+-])(\d{2}):?(\d{2})?", zone)
    if offset is not None:
        moved = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
        return at - moved if offset[1] == "+" else at + moved
    if zone.upper() in ("Z", "UTC", "GMT", "UT"):
        return at
    return at.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)
