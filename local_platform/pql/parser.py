"""PQL text to abstract syntax, after Adobe's PQL pages (overview, comparison, boolean, arrays, dates, quantifiers)."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from local_platform.pql import nodes as n
from local_platform.pql.errors import PqlSyntaxError
from local_platform.pql.lexer import Token, tokens

COMPARISONS = frozenset({"=", "!=", ">", ">=", "<", "<="})
DIRECTIONS = frozenset({"before", "after", "from"})
DAYS = frozenset({"now", "today", "yesterday", "tomorrow"})
RELATIVE = frozenset({"this", "last", "next"})
UNITS = {
    **{plural: unit for unit in ("millisecond", "second", "minute", "hour", "day", "week", "month", "year", "decade")
       for plural in (unit, unit + "s")},
    "century": "century", "centuries": "century", "millennium": "millennium", "millennia": "millennium",
}  # fmt: skip
RESERVED = frozenset({"and", "or", "not", "in", "notIn", "like", "occurs", "where", "from"})
# Words of PQL that are known and refused by name, so that the message says so instead of pointing at a bracket.
REFUSED = frozenset({"chain", "let", "sum", "max", "min", "average", "count"})


# Unconfirmed: no limit is documented. These are far above what people write, and far below what exhausts a stack.
LONGEST = 65_536
DEEPEST = 40
MOST_IN_A_ROW = 100


def parse(source: str) -> n.Node:
    """The syntax tree of one expression. Raises PqlSyntaxError with the position of the first fault."""
    if len(source) > LONGEST:
        raise PqlSyntaxError(f"The expression has {len(source):,} characters; at most {LONGEST:,} are evaluated")
    return _Parser(source).query()


class _Parser:
    def __init__(self, source: str) -> None:
        self._tokens = tokens(source)
        self._index = 0
        self._variables: list[str] = ["$1"]
        self._depth = 0

    # -- reading tokens ------------------------------------------------------------------------------------------------

    def _peek(self, ahead: int = 0) -> Token:
        return self._tokens[min(self._index + ahead, len(self._tokens) - 1)]

    def _next(self) -> Token:
        token = self._peek()
        self._index += 1
        return token

    def _is(self, *texts: str, ahead: int = 0) -> bool:
        token = self._peek(ahead)
        return token.kind in ("name", "operator") and token.text in texts

    def _accept(self, *texts: str) -> Token | None:
        return self._next() if self._is(*texts) else None

    def _expect(self, text: str, where: str) -> Token:
        if not self._is(text):
            raise self._fault(f"Expected {text!r} {where}")
        return self._next()

    def _fault(self, message: str) -> PqlSyntaxError:
        token = self._peek()
        seen = "the end of the expression" if token.kind == "end" else repr(token.text)
        return PqlSyntaxError(f"{message}, found {seen}", token.position)

    # -- grammar, loosest binding first --------------------------------------------------------------------------------

    def query(self) -> n.Node:
        self._named_parameter()
        tree = self._or()
        if self._peek().kind != "end":
            raise self._fault("The expression should end here")
        return tree

    def _named_parameter(self) -> None:
        """``(Profile) => …``: the name then stands for the profile."""
        if self._is("(") and self._peek(1).kind == "name" and self._is(")", ahead=2) and self._is("=>", ahead=3):
            self._variables.append(self._peek(1).text)
            self._index += 4

    def _or(self) -> n.Node:
        with self._deeper():
            return self._chain("or", self._and)

    def _and(self) -> n.Node:
        return self._chain("and", self._not)

    def _chain(self, operator: str, operand: Callable[[], n.Node]) -> n.Node:
        """Operands joined by `and` or `or`, as a tree that is as flat as can be: its order does not matter."""
        found, positions = [operand()], [0]
        while token := self._accept(operator):
            found.append(operand())
            positions.append(token.position)

        def joined(first: int, last: int) -> n.Node:
            if first == last:
                return found[first]
            middle = (first + last + 1) // 2
            return n.Binary(operator, joined(first, middle - 1), joined(middle, last), positions[middle])

        return joined(0, len(found) - 1)

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        self._depth += 1
        if self._depth > DEEPEST:
            raise PqlSyntaxError(f"The expression is nested deeper than {DEEPEST} levels", self._peek().position)
        yield
        self._depth -= 1

    def _left(self, operators: tuple[str, ...], operand: Callable[[], n.Node]) -> n.Node:
        """Operands joined from left to right."""
        left, count = operand(), 0
        while token := self._accept(*operators):
            count += 1
            if count > MOST_IN_A_ROW:
                raise PqlSyntaxError(f"More than {MOST_IN_A_ROW} operators of one kind in a row", token.position)
            left = n.Binary(token.text, left, operand(), token.position)
        return left

    def _not(self) -> n.Node:
        if self._accept("not", "!"):
            with self._deeper():
                return n.Unary("not", self._not())
        return self._comparison()

    def _comparison(self) -> n.Node:
        left = self._additive()
        if token := self._accept(*COMPARISONS):
            return n.Binary(token.text, left, self._additive(), token.position)
        if token := self._accept("in", "notIn", "like"):
            return n.Binary(token.text, left, self._additive(), token.position)
        if self._is("not") and self._is("in", ahead=1):
            token = self._next()
            self._next()
            return n.Binary("notIn", left, self._additive(), token.position)
        if token := self._accept("occurs"):
            return self._occurs(left, token.position)
        return left

    def _additive(self) -> n.Node:
        return self._left(("+", "-"), self._product)

    def _product(self) -> n.Node:
        return self._left(("*", "/", "%"), self._unary)

    def _unary(self) -> n.Node:
        if self._accept("-"):
            with self._deeper():
                return n.Unary("-", self._unary())
        return self._postfix()

    def _postfix(self) -> n.Node:
        tree, count = self._primary(), 0
        while True:
            count += 1
            if count > MOST_IN_A_ROW:
                raise self._fault(f"More than {MOST_IN_A_ROW} fields, filters or functions in a row")
            if self._is("["):
                token = self._next()
                condition = self._or()
                self._expect("]", "after the filter's condition")
                tree = n.Filter(tree, condition, token.position)
            elif self._is("."):
                self._next()
                tree = self._member(tree)
            else:
                return tree

    def _member(self, target: n.Node) -> n.Node:
        token = self._next()
        if token.kind != "name":
            raise PqlSyntaxError(f"Expected a field or function name after '.', found {token.text!r}", token.position)
        if self._is("("):
            return n.Method(target, token.text, self._arguments(), token.position)
        if isinstance(target, n.Path):
            return n.Path((*target.parts, token.text), target.variable, target.position)
        raise PqlSyntaxError(f"Fields cannot be read from this expression: .{token.text}", token.position)

    def _arguments(self) -> tuple[n.Node, ...]:
        self._expect("(", "before the arguments")
        found: list[n.Node] = []
        while not self._is(")"):
            found.append(self._or())
            if not self._accept(","):
                break
        self._expect(")", "after the arguments")
        return tuple(found)

    def _primary(self) -> n.Node:
        token = self._peek()
        if token.kind == "number":
            self._next()
            return n.Literal(float(token.text) if _is_double(token.text) else int(token.text), token.text)
        if token.kind == "string":
            self._next()
            return n.Literal(token.text, token.text)
        if self._accept("("):
            inner = self._or()
            self._expect(")", "to close the bracket")
            return inner
        if self._accept("["):
            return self._array()
        if token.kind == "name":
            return self._word()
        raise self._fault("Expected a value, a field or '('")

    def _array(self) -> n.Array:
        items: list[n.Node] = []
        while not self._is("]"):
            with self._deeper():
                items.append(self._additive())
            if not self._accept(","):
                break
        self._expect("]", "to close the array")
        return n.Array(tuple(items))

    def _word(self) -> n.Node:
        token = self._next()
        text = token.text
        if text in ("true", "false"):
            return n.Literal(text == "true", text)
        if text == "null":
            return n.Literal(None, text)
        if text in ("exists", "forall", "select") and self._peek().kind == "name":
            return self._quantifier(token)
        if text == "date" and self._is("("):
            return self._date(token)
        if text in REFUSED and (self._peek().kind == "name" or text == "chain"):
            raise PqlSyntaxError(f"'{text}' expressions are not evaluated by this platform", token.position)
        if self._is("("):
            return n.Call(text, self._arguments(), token.position)
        if text in DAYS:
            return n.Moment(text)
        if text in RELATIVE and self._peek().kind == "name" and self._peek().text in UNITS:
            return n.Moment(text, UNITS[self._next().text])
        if text in RESERVED:
            raise PqlSyntaxError(f"Expected a value or a field, found the word {text!r}", token.position)
        if text in self._variables:
            return n.Path((), text, token.position)
        return n.Path((text,), None, token.position)

    def _date(self, token: Token) -> n.Date:
        parts = self._arguments()
        numbers = [part.value for part in parts if isinstance(part, n.Literal) and type(part.value) is int]
        if len(parts) != 3 or len(numbers) != 3:
            raise PqlSyntaxError("date takes three whole numbers: date(year, month, day)", token.position)
        year, month, day = numbers
        try:
            datetime.date(year, month, day)
        except (ValueError, OverflowError) as fault:
            raise PqlSyntaxError(f"date({year}, {month}, {day}) is not a date: {fault}", token.position) from fault
        return n.Date(year, month, day)

    def _quantifier(self, token: Token) -> n.Quantifier:
        variable = self._next().text
        self._expect("from", f"after '{token.text} {variable}'")
        source = self._postfix()
        self._variables.append(variable)
        condition = self._or() if self._accept("where", ":") else None
        self._variables.pop()
        if self._is(","):
            raise PqlSyntaxError(
                f"'{token.text}' over several arrays is not evaluated by this platform", self._peek().position
            )
        return n.Quantifier(token.text, variable, source, condition, token.position)

    # -- occurs --------------------------------------------------------------------------------------------------------

    def _occurs(self, target: n.Node, position: int) -> n.Occurs:
        if self._accept("between"):
            first = self._time()
            self._expect("and", "between the two times of 'occurs between'")
            return n.Occurs(target, "between", (first, self._time()), position=position)
        if token := self._accept(*DIRECTIONS):
            return n.Occurs(target, "direction", (self._time(),), direction=token.text, position=position)
        compared = self._accept(*COMPARISONS)
        if compared or self._peek().kind == "number":
            return self._distance(target, compared.text if compared else "=", position)
        self._accept("on")
        return n.Occurs(target, "on", (self._time(),), position=position)

    def _distance(self, target: n.Node, comparison: str, position: int) -> n.Occurs:
        amount = self._next()
        if amount.kind != "number" or not amount.text.isdigit():
            raise PqlSyntaxError(
                f"Expected a non-negative whole number after 'occurs {comparison}', found {amount.text!r}",
                amount.position,
            )
        if self._peek().text not in UNITS:
            raise self._fault("Expected a unit of time such as 'days'")
        unit = UNITS[self._next().text]
        direction = self._accept(*DIRECTIONS)
        if direction is None:
            raise self._fault("Expected 'before', 'after' or 'from'")
        return n.Occurs(
            target, "distance", (self._time(),), comparison, int(amount.text), unit, direction.text, position
        )

    def _time(self) -> n.Node:
        return self._additive()


def _is_double(text: str) -> bool:
    return any(mark in text for mark in ".eE")
