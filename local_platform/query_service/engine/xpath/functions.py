"""XPath's core functions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from local_platform.query_service.engine.xpath.document import Node
from local_platform.query_service.engine.xpath.values import BLANKS, to_number, to_text, to_truth

Kind = Literal["nodes", "number", "text", "truth"]


@dataclass(slots=True)
class Context:
    """Where an expression is evaluated.

    Attributes:
        position, size: of the node among those a predicate tests, from 1.
    """

    node: Node
    position: int
    size: int


@dataclass(frozen=True)
class Function:
    """A core function.

    Attributes:
        least, most: number of arguments; most None means any number.
        takes_nodes: the first argument must be nodes.
        own: without an argument it is of the context node.
    """

    kind: Kind
    least: int
    most: int | None
    compute: Callable[..., Any]
    takes_nodes: bool = False
    own: bool = False


def _name(nodes: list[Node]) -> str:
    return nodes[0].name if nodes else ""


def _local_name(nodes: list[Node]) -> str:
    return nodes[0].local_name if nodes else ""


def _substring(text: Any, start: Any, length: Any = math.inf) -> str:
    """Characters whose place, from 1, is at or after the rounded start and before start + length."""
    first = _round(to_number(start))
    end = first + _round(to_number(length))
    return "".join(letter for place, letter in enumerate(to_text(text), start=1) if first <= place < end)


def _translate(text: Any, old: Any, new: Any) -> str:
    letters, others = to_text(old), to_text(new)
    table: dict[int, str | None] = {}
    for place, letter in enumerate(letters):
        table.setdefault(ord(letter), others[place] if place < len(others) else None)
    return to_text(text).translate(table)


def _before(text: Any, part: Any) -> str:
    head, found, _ = to_text(text).partition(to_text(part)) if to_text(part) else ("", "", "")
    return head if found else ""


def _after(text: Any, part: Any) -> str:
    return to_text(text).partition(to_text(part))[2] if to_text(part) else to_text(text)


def _normalized(text: Any) -> str:
    # Only XML's own blanks part words.
    for blank in BLANKS:
        text = to_text(text).replace(blank, " ")
    return " ".join(part for part in text.split(" ") if part)


def _whole(number: float, rounded: Callable[[float], int]) -> float:
    return number if math.isnan(number) or math.isinf(number) else float(rounded(number))


def _round(number: float) -> float:
    """Half up."""
    return _whole(number + 0.5, math.floor)


FUNCTIONS: dict[str, Function] = {
    "count": Function("number", 1, 1, lambda nodes: float(len(nodes)), takes_nodes=True),
    "sum": Function(
        "number", 1, 1, lambda nodes: float(sum(to_number(node.string()) for node in nodes)), takes_nodes=True
    ),
    "name": Function("text", 0, 1, _name, takes_nodes=True, own=True),
    "local-name": Function("text", 0, 1, _local_name, takes_nodes=True, own=True),
    # Java's parser is not told of namespaces, so nothing is in one, and no xml:lang is seen.
    "namespace-uri": Function("text", 0, 1, lambda nodes: "", takes_nodes=True, own=True),
    "lang": Function("truth", 1, 1, lambda language: False),
    "string": Function("text", 0, 1, to_text, own=True),
    "concat": Function("text", 2, None, lambda *parts: "".join(map(to_text, parts))),
    "starts-with": Function("truth", 2, 2, lambda text, part: to_text(text).startswith(to_text(part))),
    "contains": Function("truth", 2, 2, lambda text, part: to_text(part) in to_text(text)),
    "substring-before": Function("text", 2, 2, _before),
    "substring-after": Function("text", 2, 2, _after),
    "substring": Function("text", 2, 3, _substring),
    "string-length": Function("number", 0, 1, lambda text: float(len(to_text(text))), own=True),
    "normalize-space": Function("text", 0, 1, _normalized, own=True),
    "translate": Function("text", 3, 3, _translate),
    "boolean": Function("truth", 1, 1, to_truth),
    "not": Function("truth", 1, 1, lambda value: not to_truth(value)),
    "true": Function("truth", 0, 0, lambda: True),
    "false": Function("truth", 0, 0, lambda: False),
    "number": Function("number", 0, 1, to_number, own=True),
    "floor": Function("number", 1, 1, lambda value: _whole(to_number(value), math.floor)),
    "ceiling": Function("number", 1, 1, lambda value: _whole(to_number(value), math.ceil)),
    "round": Function("number", 1, 1, lambda value: _round(to_number(value))),
}
