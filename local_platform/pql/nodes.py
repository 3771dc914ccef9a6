"""The abstract syntax of PQL: what the parser hands to the SQL generator."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Literal:
    """A string, boolean, whole number or double. ``text`` keeps the digits as written, so that no precision is lost."""

    value: str | bool | int | float | None
    text: str


@dataclass(frozen=True)
class Date:
    """``date(year, month, day)``: the whole day, UTC."""

    year: int
    month: int
    day: int


@dataclass(frozen=True)
class Array:
    """``[1, 2, 3]``."""

    items: tuple[Node, ...]


@dataclass(frozen=True)
class Path:
    """A dotted reference. ``variable`` is the name it starts from, or ``None`` for the object in context."""

    parts: tuple[str, ...]
    variable: str | None
    position: int


@dataclass(frozen=True)
class Unary:
    """``not x`` or ``-x``."""

    operator: str
    operand: Node


@dataclass(frozen=True)
class Binary:
    """Arithmetic, comparison, ``and``, ``or``, ``like``, ``in``, ``notIn``."""

    operator: str
    left: Node
    right: Node
    position: int


@dataclass(frozen=True)
class Call:
    """A free function: ``if(…)``, ``currentMonth()``."""

    name: str
    arguments: tuple[Node, ...]
    position: int


@dataclass(frozen=True)
class Method:
    """A function after a dot: ``person.name.startsWith("Joe")``."""

    target: Node
    name: str
    arguments: tuple[Node, ...]
    position: int


@dataclass(frozen=True)
class Filter:
    """``array[condition]``; inside, paths refer to the item."""

    source: Node
    condition: Node
    position: int


@dataclass(frozen=True)
class Quantifier:
    """``exists X from xEvent where …``, ``forall …``, ``select …`` (true when at least one item is selected)."""

    kind: str
    variable: str
    source: Node
    condition: Node | None
    position: int


@dataclass(frozen=True)
class Moment:
    """``now``, ``today``, ``yesterday``, ``tomorrow``, or a relative period: ``this``/``last``/``next`` and a unit."""

    name: str
    unit: str | None = None


@dataclass(frozen=True)
class Occurs:
    """``{timestamp} occurs …`` in its four documented forms.

    ``form``: ``distance`` (comparison, amount, unit, direction, one time), ``direction`` (direction, one time),
    ``on`` (one time), ``between`` (two times).
    """

    target: Node
    form: str
    times: tuple[Node, ...]
    comparison: str = "="
    amount: int = 0
    unit: str = ""
    direction: str = ""
    position: int = 0


Node = Literal | Date | Array | Path | Unary | Binary | Call | Method | Filter | Quantifier | Moment | Occurs
