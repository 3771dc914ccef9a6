"""Java's DecimalFormat, which format_number writes numbers by: patterns such as `#,##0.00`, `0.0%` or `0.###E0`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import lru_cache
from typing import NoReturn

# Spark's own for an empty pattern.
_DEFAULT = "#,###,###,###,###,###,##0"
_AFFIX = re.compile(r"''|'(?:[^']|'')*'|[^#0,.;']")
_DIGITS = re.compile(r"[#0,.]+(?:E0*)?")
_EXACT = Context(prec=400, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True)
class Pattern:
    """A pattern, read.

    Attributes:
        positive, negative: prefix and suffix.
        group: digits between commas, 0 for none.
        least_whole, most_whole: digits before the point; the most counts only with an exponent.
        least_fraction, most_fraction: digits after it.
        always_point: the point stands even where no digit follows.
        exponent: least digits of the exponent, 0 for none.
        factor: 100 with %, 1000 with ‰.
    """

    positive: tuple[str, str]
    negative: tuple[str, str]
    group: int
    least_whole: int
    most_whole: int
    least_fraction: int
    most_fraction: int
    always_point: bool
    exponent: int
    factor: int


def by_pattern(number: float, pattern: str) -> str:
    """A double in a pattern; the exact binary value is rounded, half to even.

    Raises:
        ValueError: Java does not read the pattern.
    """
    read = _read(pattern or _DEFAULT)
    if math.isnan(number):
        return "NaN"
    prefix, suffix = read.negative if math.copysign(1, number) < 0 else read.positive
    if math.isinf(number):
        return f"{prefix}∞{suffix}"
    return f"{prefix}{_digits(Decimal(abs(number) * read.factor), read)}{suffix}"


def exactly_by_pattern(number: str, pattern: str) -> str:
    """A decimal or whole number, given as text, in a pattern.

    Raises:
        ValueError: as above.
    """
    read = _read(pattern or _DEFAULT)
    value = Decimal(number)
    prefix, suffix = read.negative if value < 0 else read.positive
    return f"{prefix}{_digits(_EXACT.multiply(abs(value), Decimal(read.factor)), read)}{suffix}"


def exactly_by_places(number: str, places: int) -> str | None:
    """A decimal or whole number with so many digits after the point; None for fewer than none."""
    if places < 0:
        return None
    return exactly_by_pattern(number, f"{_DEFAULT}.{'0' * places}" if places else _DEFAULT)


def _digits(value: Decimal, read: Pattern) -> str:
    if read.exponent:
        return _with_exponent(value, read)
    rounded = value.quantize(Decimal(1).scaleb(-read.most_fraction), context=_EXACT)
    whole, _, fraction = format(rounded, "f").partition(".")
    fraction = fraction.rstrip("0").ljust(read.least_fraction, "0")
    whole = whole.lstrip("0").rjust(read.least_whole, "0")
    if not whole and not fraction:
        whole = "0"
    if read.group:
        head = len(whole) % read.group
        groups = [whole[:head], *(whole[at : at + read.group] for at in range(head, len(whole), read.group))]
        whole = ",".join(group for group in groups if group)
    return f"{whole}.{fraction}" if fraction or read.always_point else whole


def _with_exponent(value: Decimal, read: Pattern) -> str:
    """Java's rules: with more places than 0s before the point the exponent is a multiple of their number."""
    places = read.most_whole + read.most_fraction
    value = Context(prec=places or 400, rounding=ROUND_HALF_EVEN).plus(value).normalize(_EXACT)
    digits = "" if value == 0 else "".join(map(str, value.as_tuple().digits))
    # The value is 0.DIGITS times ten to this power.
    power = 0 if value == 0 else value.adjusted() + 1
    step, least_whole = read.most_whole, read.least_whole
    if step > 1 and step > least_whole:
        exponent, least_whole = ((power - 1) // step) * step, 1
    else:
        exponent = power - least_whole
    whole = least_whole if not digits else power - exponent
    total = max(len(digits), whole, read.least_whole + read.least_fraction)
    digits = digits.ljust(total, "0")
    mantissa = digits[:whole] + ("." if total > whole or read.always_point else "") + digits[whole:]
    if value == 0:
        exponent = 0
    return f"{mantissa}E{'-' if exponent < 0 else ''}{str(abs(exponent)).rjust(read.exponent, '0')}"


def _refuse(pattern: str, why: str) -> NoReturn:
    raise ValueError(f"Malformed pattern {pattern!r} of format_number: {why}.")


@lru_cache(maxsize=256)
def _read(pattern: str) -> Pattern:
    """A pattern, or two with a semicolon between them, of which the second gives the signs of negative numbers."""
    prefix, place, factor = _affix(pattern, 0)
    found = _DIGITS.match(pattern, place)
    if found is None:
        _refuse(pattern, "it has no digits, write # or 0")
    suffix, place, other = _affix(pattern, found.end())
    if factor > 1 and other > 1:
        _refuse(pattern, "it has two signs of percent or per mille")
    positive, negative = (prefix, suffix), (f"-{prefix}", suffix)
    if place < len(pattern) and pattern[place] == ";":
        negative_prefix, place, _ = _affix(pattern, place + 1)
        digits = _DIGITS.match(pattern, place)
        negative_suffix, place, _ = _affix(pattern, digits.end() if digits else place)
        if digits and (negative_prefix, negative_suffix) != positive:
            negative = (negative_prefix, negative_suffix)
    if place < len(pattern):
        _refuse(pattern, f"{pattern[place]!r} is not expected after the digits")
    return _numbers(pattern, found[0], positive, negative, factor * other)


def _affix(pattern: str, place: int) -> tuple[str, int, int]:
    """Text before or after the digits, where it ends, and the factor of its % or ‰."""
    text, factor = "", 1
    while found := _AFFIX.match(pattern, place):
        piece = found[0]
        if piece in "%‰":
            if factor > 1:
                _refuse(pattern, "it has two signs of percent or per mille")
            factor = 100 if piece == "%" else 1000
        if piece == "¤":
            _refuse(pattern, "the local Query Service has no signs of currencies; write the sign itself")
        quoted = piece[1:-1].replace("''", "'") if len(piece) > 2 else piece
        text += "'" if piece == "''" else quoted
        place = found.end()
    return text, place, factor


def _numbers(pattern: str, digits: str, positive: tuple[str, str], negative: tuple[str, str], factor: int) -> Pattern:
    mantissa, exponential, exponent = digits.partition("E")
    whole, point, fraction = mantissa.partition(".")
    plain = whole.replace(",", "")
    if not re.fullmatch("#*0*", plain) or not re.fullmatch("0*#*", fraction):
        _refuse(pattern, "before the point # come first, after it 0; there is one point and no comma behind it")
    if whole.endswith(",") or (plain.endswith("#") and fraction.startswith("0") and "#" in fraction):
        _refuse(pattern, "a comma stands between digits, and a 0 right before the point when one is after it")
    if exponential and not (exponent and plain):
        _refuse(pattern, "E needs digits before it and 0 behind it")
    least_whole, least_fraction = plain.count("0"), fraction.count("0")
    if not least_whole and not least_fraction and point and plain + fraction:
        # Without any 0 there is one right before the point, or after it where nothing is before.
        least_whole, least_fraction = (1, 0) if plain else (0, 1)
    return Pattern(
        positive=positive,
        negative=negative,
        group=len(whole.rpartition(",")[2]) if "," in whole else 0,
        least_whole=least_whole,
        most_whole=len(plain),
        least_fraction=least_fraction,
        most_fraction=len(fraction),
        always_point=bool(point) and not (plain and fraction),
        exponent=len(exponent),
        factor=factor,
    )
