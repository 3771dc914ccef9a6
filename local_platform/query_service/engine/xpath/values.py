"""XPath's four kinds of values: nodes, numbers, texts and truths, and how one becomes another."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from local_platform.query_service.engine.xpath.document import Node

BLANKS = " \t\r\n"
_NUMBER = re.compile(r"-?(\d+(\.\d*)?|\.\d+)", re.ASCII)


def to_text(value: Any) -> str:
    """Of nodes the first one's; of numbers without exponent."""
    if isinstance(value, list):
        return value[0].string() if value else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _number_text(value) if isinstance(value, float) else str(value)


def _number_text(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == int(value):
        return format(Decimal(repr(value)).to_integral(), "f") if value else "0"
    return format(Decimal(repr(value)), "f")


def to_number(value: Any) -> float:
    """NaN for a text that is no number; there is no exponent and no plus sign."""
    if isinstance(value, bool | float):
        return float(value)
    text = to_text(value).strip(BLANKS)
    return float(text) if _NUMBER.fullmatch(text) else math.nan


def to_truth(value: Any) -> bool:
    """Nodes and texts are true when there are any."""
    if isinstance(value, float):
        return not (value == 0 or math.isnan(value))
    return bool(value)


def compare(left: Any, right: Any, holds: Callable[[Any, Any], bool], *, equality: bool) -> bool:
    """A comparison; of nodes it holds when it holds for any of them.

    Args:
        equality: = or !=, which compare texts as texts; < and its like compare numbers only.
    """
    if isinstance(left, bool) or isinstance(right, bool):
        one, other = to_truth(left), to_truth(right)
        return holds(one, other) if equality else holds(float(one), float(other))
    lefts = [node.string() for node in left] if isinstance(left, list) else [left]
    rights = [node.string() for node in right] if isinstance(right, list) else [right]
    as_texts = equality and not isinstance(left, float) and not isinstance(right, float)
    if not as_texts:
        lefts, rights = [to_number(each) for each in lefts], [to_number(each) for each in rights]
    if len(lefts) > 1 and len(rights) > 1:
        if equality and holds("", ""):
            return not set(lefts).isdisjoint(rights)
        # If < or != holds of any two, it does of the smallest or largest.
        lefts, rights = _extremes(lefts), _extremes(rights)
    return any(holds(one, other) for one in lefts for other in rights)


def _extremes(values: list[Any]) -> list[Any]:
    known = [value for value in values if value == value]
    return [min(known), max(known)] if known else []


def divide(left: float, right: float) -> float:
    """As IEEE 754 has it."""
    if right != 0:
        return left / right
    if left == 0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1, right)


def remainder(left: float, right: float) -> float:
    """With the sign of the dividend, as Java's."""
    if right == 0 or math.isinf(left) or math.isnan(left) or math.isnan(right):
        return math.nan
    return math.fmod(left, right)


def in_order(nodes: dict[int, Node]) -> list[Node]:
    """Nodes by their place, in document order."""
    return [nodes[order] for order in sorted(nodes)]
