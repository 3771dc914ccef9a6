"""Calculated fields: `concat(first, " ", last)`, `iif(points > 3, "high", "low")`, evaluated on one row.

A field is named by its dotted path; names with other characters are written in back-quotes or escaped with a backslash,
as there. What this platform does not evaluate is an error that names it, never a silent null.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from local_platform.services.data_prep.errors import ExpressionError
from local_platform.services.data_prep.functions import FUNCTIONS, number, text

Row = Mapping[str, Any]
Compiled = Callable[[Row], Any]

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>\d+(?:\.\d+)?)
    | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<name>(?:[A-Za-z_@$]|\\.|`[^`]*`)(?:[\w@$-](?![->])|[\w@$]|\\.|`[^`]*`|\.(?=[\w`\\@$]))*)
    | (?P<operator>==|!=|>=|<=|&&|\|\||[-+*/%<>!(),])
    )""",
    re.VERBOSE,
)
_DEEPEST = 60
# From the loosest to the tightest; both sides null give null, as in the functions.
_LEVELS: tuple[dict[str, Callable[[Any, Any], Any]], ...] = (
    {"||": lambda a, b: bool(a) or bool(b), "or": lambda a, b: bool(a) or bool(b)},
    {"&&": lambda a, b: bool(a) and bool(b), "and": lambda a, b: bool(a) and bool(b)},
    {"==": operator.eq, "eq": operator.eq, "!=": operator.ne, "ne": operator.ne},
    {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le},
    {"+": operator.add, "-": operator.sub},
    {"*": operator.mul, "/": operator.truediv, "%": operator.mod},
)
OPERATORS = (
    ("+", "add", 2, "Addition of numbers", "1 + 2"),
    ("-", "subtract", 2, "Subtraction", "3 - 2"),
    ("*", "multiply", 2, "Multiplication", "2 * 3"),
    ("/", "divide", 2, "Division", "1 / 2"),
    ("%", "mod", 2, "Remainder", "5 % 2"),
    ("-", "negate", 1, "The number with the other sign", "-12"),
    ("!", "not", 1, "Not; also written not", "!cond1"),
    ("&&", "and", 2, "And; also written and", "cond1 && cond2"),
    ("||", "or", 2, "Or; also written or", "cond1 || cond2"),
    ("==", "equals", 2, "Equal", "a == b"),
    ("!=", "notEquals", 2, "Not equal", "a != b"),
    (">", "greaterThan", 2, "Greater", "a > b"),
    (">=", "greaterThanOrEqual", 2, "Greater or equal", "a >= b"),
    ("<", "lessThan", 2, "Less", "a < b"),
    ("<=", "lessThanOrEqual", 2, "Less or equal", "a <= b"),
)


def compiled(source: str) -> Compiled:
    """An expression as a function of a row.

    Raises:
        ExpressionError: it cannot be read, or calls something that is not known here.
    """
    parser = _Parser(source)
    made = parser.level(0)
    parser.end()
    return made


def value_at(row: Any, path: str) -> Any:
    """The value at a dotted path, or None. A flat column with dots in its name counts as well."""
    if isinstance(row, Mapping) and path in row:
        return row[path]
    for part in path.split("."):
        row = row.get(part) if isinstance(row, Mapping) else None
    return row


class _Parser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._tokens: list[tuple[str, str]] = []
        self._at = self._depth = 0
        position = 0
        while source[position:].strip():
            match = _TOKEN.match(source, position)
            if match is None:
                raise ExpressionError(f"{source!r}: cannot be read from {source[position:].strip()[:20]!r} on")
            kind = str(match.lastgroup)
            self._tokens.append((kind, match[kind]))
            position = match.end()

    def level(self, number_: int) -> Compiled:
        """An expression of operators at least as tight as a level."""
        if number_ == len(_LEVELS):
            return self._unary()
        left = self.level(number_ + 1)
        while self._peek() in _LEVELS[number_]:
            sign = self._next()
            left = _applied(_LEVELS[number_][sign], sign, left, self.level(number_ + 1))
        return left

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise ExpressionError(f"{self._source!r}: {self._tokens[self._at][1]!r} was not expected")

    def _unary(self) -> Compiled:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ExpressionError(f"{self._source[:60]!r}: nested too deeply")
        try:
            if self._peek() in ("!", "not"):
                self._next()
                inner = self._unary()
                return lambda row: not inner(row)
            if self._peek() == "-":
                self._next()
                inner = self._unary()
                return lambda row: None if (value := inner(row)) is None else -number(value)
            return self._primary()
        finally:
            self._depth -= 1

    def _primary(self) -> Compiled:
        if self._at >= len(self._tokens):
            raise ExpressionError(f"{self._source!r}: ends too early")
        kind, token = self._tokens[self._at]
        self._at += 1
        if kind == "number":
            value = float(token) if "." in token else int(token)
            return lambda _: value
        if kind == "string":
            unescaped = re.sub(r"\\(.)", r"\1", token[1:-1])
            return lambda _: unescaped
        if token == "(":  # noqa: S105
            inner = self.level(0)
            self._expect(")")
            return inner
        if kind != "name":
            raise ExpressionError(f"{self._source!r}: {token!r} was not expected")
        if self._peek() == "(":
            return self._call(token)
        if token in ("true", "false", "null"):
            constant = {"true": True, "false": False, "null": None}[token]
            return lambda _: constant
        path = re.sub(r"\\(.)|`", r"\1", token)
        return lambda row: value_at(row, path)

    def _call(self, name: str) -> Compiled:
        function = FUNCTIONS.get(name)
        if function is None:
            raise ExpressionError(f"the function {name} is not evaluated by this platform; list languages/el/functions")
        self._expect("(")
        given: list[Compiled] = []
        while self._peek() != ")":
            given.append(self.level(0))
            if self._peek() != ",":
                break
            self._next()
        self._expect(")")
        if len(given) < function.least or (function.most is not None and len(given) > function.most):
            raise ExpressionError(f"{name} was given {len(given)} arguments")
        if name == "iif":
            test, yes, no = given
            return lambda row: yes(row) if test(row) else no(row)
        return lambda row: function.call(*(part(row) for part in given))

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1][1]

    def _expect(self, token: str) -> None:
        if self._peek() != token:
            raise ExpressionError(f"{self._source!r}: {token!r} is missing")
        self._next()


def _applied(call: Callable[[Any, Any], Any], sign: str, left: Compiled, right: Compiled) -> Compiled:
    def apply(row: Row) -> Any:
        a, b = left(row), right(row)
        if sign in ("&&", "||", "and", "or"):
            return call(a, b)
        if sign in ("==", "!=", "eq", "ne"):
            same_kind = type(a) is type(b) or a is None or b is None
            return call(a, b) if same_kind else call(text(a), text(b))
        if a is None or b is None:
            return None
        try:
            if sign in ("<", "<=", ">", ">=") and isinstance(a, str) and isinstance(b, str):
                return call(a, b)
            return call(number(a), number(b))
        except ZeroDivisionError:
            raise ExpressionError("division by zero") from None

    return apply
