"""Profile Query Language: parsed, checked, and compiled to a DuckDB condition over merged profiles.

Evaluated: comparisons, ``and``/``or``/``not``, ``in``/``notIn``, null tests, string and date functions, ``occurs`` in
its documented forms, arithmetic, ``if``, arrays of plain values, and counts and sums over ``xEvent``. Anything else is
a ``PqlError`` that names it.
"""

from __future__ import annotations

from local_platform.pql.compiler import EVENT_KEYS, Compiled, compile_pql
from local_platform.pql.errors import PqlError, PqlSyntaxError, PqlTypeError, PqlUnknownFunction

__all__ = ["EVENT_KEYS", "Compiled", "PqlError", "PqlSyntaxError", "PqlTypeError", "PqlUnknownFunction", "compile_pql"]
