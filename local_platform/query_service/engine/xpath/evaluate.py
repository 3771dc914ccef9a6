"""Spark's xpath functions: a document and a path, and what is made of the value."""

from __future__ import annotations

import math
from typing import Any

from local_platform.query_service.engine.xpath.document import read
from local_platform.query_service.engine.xpath.functions import Context
from local_platform.query_service.engine.xpath.language import compiled
from local_platform.query_service.engine.xpath.values import to_number, to_text, to_truth


def _value(xml: str, path: str) -> Any:
    """The path's value; None for an empty text or path.

    Raises:
        ValueError: the text is no XML or the path no XPath.
    """
    if not xml or not path:
        return None
    expression = compiled(path)
    return expression.value(Context(read(xml), 1, 1))


def nodes(xml: str, path: str) -> list[str | None] | None:
    """xpath: the nodes' own values; an element has none.

    Raises:
        ValueError: the path gives no nodes, or as above.
    """
    if xml and path and compiled(path).kind != "nodes":
        raise ValueError(f"Invalid XPath '{path}': it gives no nodes; use xpath_string, xpath_double or xpath_boolean.")
    found = _value(xml, path)
    return None if found is None else [node.first for node in found]


def text(xml: str, path: str) -> str | None:
    """xpath_string: the text of the first node; empty when there is none."""
    found = _value(xml, path)
    return None if found is None else to_text(found)


def number(xml: str, path: str) -> float | None:
    """xpath_double and xpath_float: NaN for what is no number."""
    found = _value(xml, path)
    return None if found is None else to_number(found)


def truth(xml: str, path: str) -> bool | None:
    """xpath_boolean: whether there is a node, or the expression holds."""
    found = _value(xml, path)
    return None if found is None else to_truth(found)


def whole(xml: str, path: str, bits: int) -> int | None:
    """xpath_short, xpath_int and xpath_long: the fraction cut, 0 for what is no number, Java's bounds."""
    found = number(xml, path)
    if found is None:
        return None
    if math.isnan(found):
        return 0
    # A short is cut out of an int, as Java does.
    most = 2 ** (max(bits, 32) - 1)
    bounded = most - 1 if found >= most else -most if found <= -most else int(found)
    return bounded if bits >= 32 else (bounded + 2**15) % 2**16 - 2**15
