"""Location paths: axes, node tests and predicates."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from local_platform.query_service.engine.xpath.document import Node
from local_platform.query_service.engine.xpath.functions import Context, Kind
from local_platform.query_service.engine.xpath.values import in_order, to_truth


@dataclass(frozen=True)
class Expression:
    """A compiled expression.

    Attributes:
        kind: what it gives; in XPath 1.0 that is known before there is a document.
        value: computes it: a list of nodes in document order, a float, a str or a bool.
    """

    kind: Kind
    value: Callable[[Context], Any]


@dataclass(frozen=True)
class Step:
    """One step of a path.

    Attributes:
        test: whether a node of the axis is meant.
    """

    axis: str
    test: Callable[[Node], bool]
    predicates: tuple[Expression, ...] = ()


def _children(node: Node) -> Iterator[Node]:
    return iter(node.children)


def _descendants(node: Node) -> Iterator[Node]:
    open_nodes = node.children[::-1]
    while open_nodes:
        found = open_nodes.pop()
        yield found
        open_nodes.extend(reversed(found.children))


def _descendants_or_self(node: Node) -> Iterator[Node]:
    yield node
    yield from _descendants(node)


def _self(node: Node) -> Iterator[Node]:
    yield node


def _parent(node: Node) -> Iterator[Node]:
    if node.parent is not None:
        yield node.parent


def _ancestors(node: Node) -> Iterator[Node]:
    while node.parent is not None:
        node = node.parent
        yield node


def _ancestors_or_self(node: Node) -> Iterator[Node]:
    yield node
    yield from _ancestors(node)


def _attributes(node: Node) -> Iterator[Node]:
    return iter(node.attributes)


def _following_siblings(node: Node) -> Iterator[Node]:
    siblings, place = _among_siblings(node)
    return (siblings[position] for position in range(place + 1, len(siblings)))


def _preceding_siblings(node: Node) -> Iterator[Node]:
    siblings, place = _among_siblings(node)
    return (siblings[position] for position in range(place - 1, -1, -1))


def _among_siblings(node: Node) -> tuple[list[Node], int]:
    """A node's parent's children and its place among them; none for attributes and the document."""
    if node.parent is None or node.kind == "attribute":
        return [], 0
    siblings = node.parent.children
    return siblings, bisect_left(siblings, node.order, key=attrgetter("order"))


def _following(node: Node) -> Iterator[Node]:
    # An attribute stands before its element's children.
    if node.kind == "attribute" and node.parent is not None:
        yield from _descendants(node.parent)
        node = node.parent
    for each in _ancestors_or_self(node):
        each.spend()
        for sibling in _following_siblings(each):
            yield from _descendants_or_self(sibling)


def _preceding(node: Node) -> Iterator[Node]:
    """From the nearest back to the first, ancestors left out."""
    if node.kind == "attribute" and node.parent is not None:
        node = node.parent
    for each in _ancestors_or_self(node):
        each.spend()
        for sibling in _preceding_siblings(each):
            yield from reversed(list(_descendants_or_self(sibling)))


AXES: dict[str, Callable[[Node], Iterator[Node]]] = {
    "child": _children,
    "descendant": _descendants,
    "descendant-or-self": _descendants_or_self,
    "self": _self,
    "parent": _parent,
    "ancestor": _ancestors,
    "ancestor-or-self": _ancestors_or_self,
    "attribute": _attributes,
    "following-sibling": _following_siblings,
    "preceding-sibling": _preceding_siblings,
    "following": _following,
    "preceding": _preceding,
}


def named(axis: str, name: str) -> Callable[[Node], bool]:
    """A test for a name or *, of the axis's principal kind. A prefix belongs to no namespace, so it finds nothing."""
    kind = "attribute" if axis == "attribute" else "element"
    if name == "*":
        return lambda node: node.kind == kind
    if ":" in name:
        return lambda node: False
    return lambda node: node.kind == kind and node.local_name == name


def follow(start: list[Node], steps: tuple[Step, ...]) -> list[Node]:
    """Nodes that the steps lead to, in document order.

    Raises:
        ValueError: too many nodes were visited.
    """
    nodes = start
    for step in steps:
        found: dict[int, Node] = {}
        for node in nodes:
            for each in _found(node, step):
                found[each.order] = each
        nodes = in_order(found)
    return nodes


def _found(node: Node, step: Step) -> list[Node]:
    found = []
    # Counted while walking: one node may have millions after it.
    for each in AXES[step.axis](node):
        each.spend()
        if step.test(each):
            found.append(each)
    for predicate in step.predicates:
        found = kept(found, predicate)
    return found


def kept(nodes: list[Node], predicate: Expression) -> list[Node]:
    """Nodes for which a predicate holds; a number is a position, from 1."""
    size = len(nodes)
    result = []
    for position, node in enumerate(nodes, start=1):
        value = predicate.value(Context(node, position, size))
        if position == value if predicate.kind == "number" else to_truth(value):
            result.append(node)
    return result
