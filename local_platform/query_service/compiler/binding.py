"""Arguments that stand several times in DuckDB's SQL are computed once, where writing them out would make it long.

Many functions are a formula that names its argument more than once, in a macro or in the compiler's own SQL. Of small
arguments that is the fastest form. Nested in each other such formulas multiply, until a statement of one line keeps the
engine busy for minutes before it starts. So while a call is compiled, each of its larger arguments is a token; when it
is done and the token turns out to stand too often, the argument becomes the parameter of a lambda over a list of one
element, the one way SQL has to name a value inside an expression.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from local_platform.query_service.compiler.expansion import expanded

_MARK = "\ufdd0"
# A text of the user's may look like a token, so texts and quoted names are passed over.
_TOKEN = re.compile(rf"""'(?:[^']|'')*'|"(?:[^"]|"")*"|{_MARK}([0-9]+){_MARK}""")
_BOUND = re.compile(r"\bb([0-9]+)\b")
_SMALL = 64
"""Characters of DuckDB's SQL below which an argument is written out without a look at it."""
_MOST_REPEATED = 10_000
"""Characters, macros written out, that the repetitions of one argument may add to a statement."""


@dataclass(frozen=True)
class _Held:
    """An argument while its call is compiled.

    Attributes:
        size: characters with macros written out.
        outside: it holds an aggregate, a window or a sub-query, none of which may stand in a lambda.
        volatile: each time it is computed it may be another value.
    """

    sql: str
    size: int
    outside: bool
    volatile: bool


@dataclass
class Binding:
    """What one statement holds.

    Attributes:
        outside, volatile: how many aggregates, windows and sub-queries, and random functions, were compiled so far.
    """

    outside: int = 0
    volatile: int = 0
    _held: list[_Held] = field(default_factory=list)
    _places: dict[_Held, int] = field(default_factory=dict)
    _marked: dict[str, tuple[bool, bool]] = field(default_factory=dict)

    def hold(self, sql: str, size: int, outside: bool, volatile: bool) -> str:
        """The argument as its call may write it: itself, or a token."""
        if not (outside or volatile) and size < _SMALL:
            return sql
        held = _Held(sql, size, outside, volatile)
        place = self._places.setdefault(held, len(self._held))
        if place == len(self._held):
            self._held.append(held)
        return _mark(place)

    def changed(self, sql: str, kept: frozenset[str]) -> str:
        """An argument again that was cast, or made part of something, after it was held."""
        held = [self._held[int(token)] for token in tokens_of(sql)]
        whole, size = self.resolved(sql, kept)
        return self.hold(whole, size, any(each.outside for each in held), any(each.volatile for each in held))

    def mark(self, sql: str, outside: bool, volatile: bool) -> tuple[bool, bool]:
        """Remember what the SQL holds, for where it is used again under an alias; what is known of it now."""
        before = self._marked.get(sql, (False, False))
        seen = (outside or before[0], volatile or before[1])
        if seen != before:
            self._marked[sql] = seen
        return seen

    def resolved(self, sql: str, kept: frozenset[str] = frozenset()) -> tuple[str, int]:
        """The SQL without tokens, and its size with macros written out.

        Args:
            kept: tokens of a call around a lambda whose body this is; it resolves them itself.
        """
        tokens = [token for token in tokens_of(sql) if token not in kept]
        if not tokens:
            return sql, expanded(sql, ()).size
        held = {token: self._held[int(token)] for token in tokens}
        measured = expanded(sql, [_mark(token) for token in tokens])
        uses = {token: measured.uses[_mark(token)] for token in tokens}
        own = measured.size - sum(uses[token] * (len(token) + 2) for token in tokens)
        bound = [
            token for token, each in held.items() if _is_too_much(each, uses[token]) or _mark(token) in measured.inner
        ]
        if bound:
            bound = [token for token, each in held.items() if token in bound or each.outside]
            return self._lambda(sql, held, uses, bound, own)
        written = _replaced(sql, lambda token: held[token].sql if token in held else _mark(token))
        return written, own + sum(uses[token] * each.size for token, each in held.items())

    @staticmethod
    def _lambda(sql: str, held: dict[str, _Held], uses: dict[str, int], bound: list[str], own: int) -> tuple[str, int]:
        free = [each.sql for token, each in held.items() if token not in bound]
        # A name of its own at each level: an inner one of the same name would hide the outer.
        level = 1 + max((int(found) for text in (sql, *free) for found in _BOUND.findall(text)), default=0)
        name = f"b{level}"
        if len(bound) == 1:
            names = {bound[0]: name}
            packed = held[bound[0]].sql
        else:
            names = {token: f"{name}.v{place}" for place, token in enumerate(bound)}
            packed = f"struct_pack({', '.join(f'v{place} := {held[token].sql}' for place, token in enumerate(bound))})"
        body = _replaced(sql, lambda token: names.get(token) or (held[token].sql if token in held else _mark(token)))
        size = own + sum(uses[token] * len(names[token]) + held[token].size for token in bound)
        size += sum(uses[token] * each.size for token, each in held.items() if token not in bound)
        return f"list_extract(list_transform([{packed}], lambda {name}: {body}), 1)", size + 64


def _mark(token: str | int) -> str:
    return f"{_MARK}{token}{_MARK}"


def _is_too_much(held: _Held, uses: int) -> bool:
    return uses > 1 and (held.volatile or (uses - 1) * held.size > _MOST_REPEATED)


def tokens_of(sql: str) -> list[str]:
    """The tokens in the SQL, each once."""
    if _MARK not in sql:
        return []
    return list(dict.fromkeys(found[1] for found in _TOKEN.finditer(sql) if found[1]))


def _replaced(sql: str, by: Callable[[str], str]) -> str:
    return _TOKEN.sub(lambda found: by(found[1]) if found[1] else found[0], sql)
