"""How long DuckDB's SQL becomes once its macros are written out, and how often each argument then stands in it.

A macro's argument is copied to every place where the macro names it, and so is what the argument itself copied:
`f(f(f(x)))` grows with the power of its depth wherever `f` names its argument twice.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

_MACROS = Path(__file__).parents[1] / "engine" / "spark.sql"
_PIECE = re.compile(
    r"""(?P<text>'(?:[^']|'')*')|(?P<comment>--[^\n]*)|(?P<quoted>"(?:[^"]|"")*")
    |(?P<name>[A-Za-z_\ufdd0][A-Za-z_0-9\ufdd0]*)|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<comma>,)|(?P<dot>\.)|(?P<named>:=)""",
    re.VERBOSE,
)
_CREATE = re.compile(r"\s*(?:--[^\n]*\n\s*)*CREATE MACRO (\w+)\(([^)]*)\) AS", re.IGNORECASE)

_OURS = "spark_"
_LITTLE = 64
"""Characters up to which a macro is like any other function."""


@dataclass(frozen=True)
class Macro:
    """A macro of DuckDB: characters of its body without its arguments, and how often it names each of them."""

    size: int
    uses: tuple[int, ...]


# Not asked of DuckDB: a second database in the process would change how the first gives memory back.
DUCKDBS_OWN = {"nullif": Macro(40, (2, 1)), "split_part": Macro(150, (2, 2, 2)), "array_to_string": Macro(110, (2, 1))}
"""DuckDB's own macros that the compiler writes and that name an argument more than once."""


@dataclass
class Expanded:
    """SQL with its macros written out.

    Attributes:
        size: in characters.
        uses: how often each of the names that were asked for stands in it.
        inner: those that stand in a lambda, which computes them again for every element of its list.
    """

    size: int = 0
    uses: Counter[str] = field(default_factory=Counter)
    inner: set[str] = field(default_factory=set)

    def add(self, other: Expanded, times: int = 1) -> None:
        self.size += other.size * times
        for name, count in other.uses.items():
            self.uses[name] += count * times
        self.inner |= other.inner


@dataclass
class _Open:
    """A bracket that is not closed yet: of which macro's call it is, and its arguments so far."""

    macro: Macro | None
    arguments: list[Expanded] = field(default_factory=lambda: [Expanded()])
    in_lambda: bool = False

    def closed(self) -> Expanded:
        whole = Expanded(self.macro.size if self.macro is not None else 2)
        for place, argument in enumerate(self.arguments):
            times = 1
            if self.macro is not None and place < len(self.macro.uses):
                times = self.macro.uses[place]
            whole.add(argument, times)
        return whole


@cache
def macros() -> dict[str, Macro]:
    """All macros by lower-case name."""
    found = []
    for statement in re.split(r"^(?=CREATE MACRO )", _MACROS.read_text(), flags=re.MULTILINE):
        made = _CREATE.match(statement)
        if made is not None:
            found.append((made[1], [each.strip() for each in made[2].split(",")], statement[made.end() :]))
    known = dict(DUCKDBS_OWN)
    for name, parameters, body in found:
        whole = _scanned(body, frozenset(parameters), known)
        named = sum(count * len(parameter) for parameter, count in whole.uses.items())
        uses = tuple(whole.uses[parameter] for parameter in parameters)
        seen = known.get(name.lower())
        if seen is None or seen.uses < uses:
            known[name.lower()] = Macro(whole.size - named, uses)
    return known


@cache
def _telling() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What makes a close look necessary: a call of a macro that is more than another name of its body, or a lambda.

    Ours, and DuckDB's own.
    """
    that_grow = [name for name, macro in macros().items() if macro.size > _LITTLE or max(macro.uses, default=0) > 1]
    ours = [name.removeprefix(_OURS) for name in that_grow if name.startswith(_OURS)]
    others = [f"{name}(" for name in that_grow if not name.startswith(_OURS)]
    words = ["lambda ", *others, *(each.upper() for each in others)]
    return re.compile(rf"{_OURS}(?:{'|'.join(ours)})\("), re.compile("|".join(map(re.escape, words)))


def expanded(sql: str, names: Sequence[str]) -> Expanded:
    """The SQL's measures.

    Args:
        names: identifiers to count.
    """
    if "(" in sql:
        ours, others = _telling()
        if (_OURS in sql and ours.search(sql)) or others.search(sql):
            return _scanned(sql, frozenset(names), macros())
    return Expanded(len(sql), Counter({name: sql.count(name) for name in names}) if names else Counter())


def _scanned(sql: str, names: frozenset[str], known: dict[str, Macro]) -> Expanded:
    """The same by a look at every bracket; a name behind a dot or before `:=` is a field."""
    stack = [_Open(None)]
    name, end = "", 0
    pieces = list(_PIECE.finditer(sql))
    for place, piece in enumerate(pieces):
        here = stack[-1].arguments[-1]
        kind, text = piece.lastgroup, piece[0]
        here.size += piece.start() - end
        end = piece.end()
        if kind == "open":
            stack.append(_Open(known.get(name.lower()) if text == "(" else None, in_lambda=stack[-1].in_lambda))
        elif kind == "close" and len(stack) > 1:
            closed = stack.pop().closed()
            stack[-1].arguments[-1].add(closed)
        elif kind == "comma" and len(stack) > 1:
            here.size += 1
            stack[-1].arguments.append(Expanded())
        elif kind != "comment":
            here.size += len(text)
            is_field = (
                place > 0 and pieces[place - 1].lastgroup == "dot" and pieces[place - 1].end() == piece.start()
            ) or (place + 1 < len(pieces) and pieces[place + 1].lastgroup == "named")
            if text == "lambda":
                stack[-1].in_lambda = True
            elif kind in ("name", "quoted") and text.strip('"') in names and not is_field:
                here.uses[text.strip('"')] += 1
                if stack[-1].in_lambda:
                    here.inner.add(text.strip('"'))
        name = text if kind == "name" else ""
    whole = Expanded(len(sql) - end)
    for opened in stack:
        for argument in opened.arguments:
            whole.add(argument)
    return whole
