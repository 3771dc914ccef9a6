"""XPath 1.0's grammar: from a path's text to an expression."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NoReturn

from local_platform.query_service.engine.xpath.document import Node
from local_platform.query_service.engine.xpath.functions import FUNCTIONS, Context
from local_platform.query_service.engine.xpath.paths import AXES, Expression, Step, follow, kept, named
from local_platform.query_service.engine.xpath.values import (
    compare,
    divide,
    in_order,
    remainder,
    to_number,
    to_truth,
)

# Java's own limits; and how deep predicates and calls may stand in each other.
MOST_GROUPS, MOST_OPERATORS = 10, 100
MOST_NESTED = 40
_TOKEN = re.compile(
    r"""\s*(?: (?P<number>\d+(?:\.\d*)?|\.\d+) | (?P<literal>"[^"]*"|'[^']*')
    | (?P<name>[^\W\d][\w.\-]*(?:(?<!:):(?!:)(?:\*|[^\W\d][\w.\-]*))?)
    | (?P<symbol>//|\.\.|::|!=|<=|>=|[/.@()\[\],|+\-=<>*$]) )\s*""",
    re.VERBOSE,
)
_NODE_TYPES = {"node": None, "text": "text", "comment": "comment", "processing-instruction": "instruction"}
_WORDS = ("and", "or", "div", "mod", "*")
_SIGNS = ("/", "//", "|", "+", "-", "=", "!=", "<", "<=", ">", ">=")
_LEVELS: tuple[dict[str, Any], ...] = (
    {"or": None},
    {"and": None},
    {"=": operator.eq, "!=": operator.ne},
    {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge},
    {"+": operator.add, "-": operator.sub},
    {"*": operator.mul, "div": divide, "mod": remainder},
)
_EVERYTHING = Step("descendant-or-self", lambda node: True)


@lru_cache(maxsize=256)
def compiled(path: str) -> Expression:
    """The expression of a path.

    Raises:
        ValueError: the path is no XPath 1.0, or uses what is refused by name.
    """
    return _Parser(path).whole()


class _Parser:
    def __init__(self, path: str) -> None:
        self._path = path
        self._tokens = self._read()
        self._place = 0
        self._groups = self._operators = self._depth = 0

    def _fail(self, reason: str) -> NoReturn:
        raise ValueError(f"Invalid XPath '{self._path}': {reason}.")

    def _read(self) -> list[tuple[str, str]]:
        """(kind, text); an operator's kind is `operator`."""
        tokens: list[tuple[str, str]] = []
        place = 0
        while place < len(self._path):
            found = _TOKEN.match(self._path, place)
            if found is None:
                self._fail(f"{self._path[place]!r} is not understood")
            kind, text = str(found.lastgroup), str(found[str(found.lastgroup)])
            operand_before = bool(tokens) and tokens[-1][0] != "operator" and tokens[-1][1] not in "@::([,$"
            is_sign = kind == "symbol" and text in _SIGNS
            if is_sign or (text in _WORDS and kind != "literal" and operand_before):
                kind = "operator"
            tokens.append((kind, text))
            place = found.end()
        if not tokens:
            self._fail("it is empty")
        return tokens

    def _next(self, ahead: int = 0) -> tuple[str, str]:
        place = self._place + ahead
        return self._tokens[place] if place < len(self._tokens) else ("end", "")

    def _take(self, *symbols: str) -> str | None:
        """The next token's text if it is one of these symbols, which is then behind us."""
        kind, text = self._next()
        if kind in ("symbol", "operator") and text in symbols:
            self._place += 1
            return text
        return None

    def _want(self, symbol: str) -> None:
        if self._take(symbol) is None:
            self._fail(f"{symbol!r} is missing before {self._next()[1] or 'the end'!r}")

    def _expression(self) -> Expression:
        self._depth += 1
        if self._depth > MOST_NESTED:
            self._fail(f"more than {MOST_NESTED} expressions stand inside each other")
        expression = self._binary(0)
        self._depth -= 1
        return expression

    def whole(self) -> Expression:
        expression = self._expression()
        if self._next()[0] != "end":
            self._fail(f"{self._next()[1]!r} is not expected")
        return expression

    def _binary(self, level: int) -> Expression:
        if level == len(_LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        while self._next()[0] == "operator" and (name := self._take(*_LEVELS[level])):
            self._operators += 1
            if self._operators > MOST_OPERATORS:
                self._fail(f"it has more than {MOST_OPERATORS} operators")
            left = _operation(name, _LEVELS[level][name], left, self._binary(level + 1))
        return left

    def _unary(self) -> Expression:
        if self._take("-") is None:
            return self._union()
        # The grammar allows several; Java reads one.
        value = self._union()
        return Expression("number", lambda context: -to_number(value.value(context)))

    def _union(self) -> Expression:
        parts = [self._path_expression()]
        while self._take("|"):
            parts.append(self._path_expression())
        if len(parts) == 1:
            return parts[0]
        if any(part.kind != "nodes" for part in parts):
            self._fail("both sides of | must be nodes")
        return Expression(
            "nodes",
            lambda context: in_order({node.order: node for part in parts for node in part.value(context)}),
        )

    def _path_expression(self) -> Expression:
        kind, text = self._next()
        is_call = kind == "name" and self._next(1)[1] == "(" and text not in _NODE_TYPES
        if kind in ("number", "literal") or is_call or text in ("(", "$"):
            return self._filtered()
        start: Callable[[Context], list[Node]]
        steps: list[Step] = []
        if opening := self._take("/", "//"):
            start = _document
            if opening == "//":
                steps.append(_EVERYTHING)
            elif not self._begins_step():
                return Expression("nodes", start)
        else:
            start = _own
        steps.extend(self._steps())
        return _path(start, tuple(steps))

    def _filtered(self) -> Expression:
        """A value, with predicates and further steps when it is nodes."""
        value = self._primary()
        while self._take("["):
            value = self._filter(value, self._predicate())
        if opening := self._take("/", "//"):
            if value.kind != "nodes":
                self._fail(f"what stands before {opening} must be nodes")
            steps = (*([_EVERYTHING] if opening == "//" else []), *self._steps())
            return _path(value.value, steps)
        return value

    def _filter(self, value: Expression, predicate: Expression) -> Expression:
        if value.kind != "nodes":
            self._fail("a predicate must follow nodes")
        return Expression("nodes", lambda context: kept(value.value(context), predicate))

    def _primary(self) -> Expression:
        kind, text = self._next()
        self._place += 1
        if kind == "number":
            return Expression("number", lambda _: float(text))
        if kind == "literal":
            return Expression("text", lambda _: text[1:-1])
        if text == "$":
            self._fail("variables have no value here")
        if text == "(":
            self._groups += 1
            if self._groups > MOST_GROUPS:
                self._fail(f"it has more than {MOST_GROUPS} groups in parentheses")
            value = self._expression()
            self._want(")")
            return value
        return self._call(text)

    def _call(self, name: str) -> Expression:
        self._want("(")
        values: list[Expression] = []
        while not self._take(")"):
            if values:
                self._want(",")
            values.append(self._expression())
        if name in ("position", "last") and not values:
            return Expression("number", _position if name == "position" else _size)
        function = FUNCTIONS.get(name)
        if function is None:
            self._fail(f"the function {name} is not one of XPath 1.0's that the local Query Service knows")
        if len(values) < function.least or (function.most is not None and len(values) > function.most):
            self._fail(f"the function {name} does not take {len(values)} arguments")
        if function.own and not values:
            values = [Expression("nodes", _own)]
        if function.takes_nodes and values[0].kind != "nodes":
            self._fail(f"the function {name} takes nodes")
        compute = function.compute
        return Expression(function.kind, lambda context: compute(*(value.value(context) for value in values)))

    def _begins_step(self) -> bool:
        kind, text = self._next()
        return kind == "name" or (kind == "symbol" and text in ("*", "@", ".", ".."))

    def _steps(self) -> list[Step]:
        steps = [self._step()]
        while opening := self._take("/", "//"):
            if opening == "//":
                steps.append(_EVERYTHING)
            steps.append(self._step())
        return steps

    def _step(self) -> Step:
        if short := self._take(".", ".."):
            return Step("self" if short == "." else "parent", lambda node: True)
        axis = "child"
        if self._take("@"):
            axis = "attribute"
        elif self._next()[0] == "name" and self._next(1)[1] == "::":
            axis = self._next()[1]
            self._place += 2
            if axis not in AXES:
                self._fail(f"the axis {axis} is not one that the local Query Service knows")
        test = self._test(axis)
        predicates: list[Expression] = []
        while self._take("["):
            predicates.append(self._predicate())
        return Step(axis, test, tuple(predicates))

    def _test(self, axis: str) -> Callable[[Node], bool]:
        kind, text = self._next()
        self._place += 1
        if kind == "symbol" and text == "*":
            return named(axis, "*")
        if kind != "name":
            self._fail(f"a step is missing before {text or 'the end'!r}")
        if text not in _NODE_TYPES or not self._take("("):
            return named(axis, text)
        wanted, target = _NODE_TYPES[text], None
        if text == "processing-instruction" and self._next()[0] == "literal":
            target = self._next()[1][1:-1]
            self._place += 1
        self._want(")")
        return lambda node: (wanted is None or node.kind == wanted) and (target is None or node.name == target)

    def _predicate(self) -> Expression:
        predicate = self._expression()
        self._want("]")
        return predicate


def _own(context: Context) -> list[Node]:
    return [context.node]


def _document(context: Context) -> list[Node]:
    node = context.node
    while node.parent is not None:
        node.spend()
        node = node.parent
    return [node]


def _position(context: Context) -> float:
    return float(context.position)


def _size(context: Context) -> float:
    return float(context.size)


def _path(start: Callable[[Context], list[Node]], steps: tuple[Step, ...]) -> Expression:
    return Expression("nodes", lambda context: follow(start(context), steps))


def _operation(name: str, compute: Any, left: Expression, right: Expression) -> Expression:
    one, other = left.value, right.value
    if name == "or":
        return Expression("truth", lambda context: to_truth(one(context)) or to_truth(other(context)))
    if name == "and":
        return Expression("truth", lambda context: to_truth(one(context)) and to_truth(other(context)))
    if name in ("=", "!=", "<", "<=", ">", ">="):
        equality = name in ("=", "!=")
        return Expression("truth", lambda context: compare(one(context), other(context), compute, equality=equality))
    return Expression("number", lambda context: compute(to_number(one(context)), to_number(other(context))))
