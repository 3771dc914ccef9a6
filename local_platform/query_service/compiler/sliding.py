"""window(time, width, slide) with windows that overlap: a row is in several, so FROM gives it once for each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp

from local_platform.query_service.compiler.casts import cast
from local_platform.query_service.compiler.functions.registry import constant_text
from local_platform.query_service.compiler.scope import Scope, Value
from local_platform.query_service.errors import analysis_error
from local_platform.query_service.sql.types import TIMESTAMP, struct

if TYPE_CHECKING:
    from local_platform.query_service.compiler.query import Compiler

_MICROSECONDS = {
    "microsecond": 1,
    "millisecond": 1_000,
    "second": 1_000_000,
    "minute": 60_000_000,
    "hour": 3_600_000_000,
    "day": 86_400_000_000,
    "week": 604_800_000_000,
}
_PART = re.compile(r"\s*(-?\d+)\s*([a-z]+?)s?(?=\s|$)", re.IGNORECASE)
_MOST = 10_000
"""Windows a row may be in."""


def spread(compiler: Compiler, scope: Scope, origin: str, node: exp.Select) -> str:
    """FROM with each row once for every window it is in; the same FROM where no windows overlap.

    Raises:
        QueryError: 58000, two different windows, or durations that make none.
    """
    calls = list({call.sql(): call for call in _calls(node)}.values())
    expressions = compiler.expressions(scope)
    overlapping = []
    for call in calls:
        texts = [constant_text(expressions.value(part), "A duration of window") for part in call.expressions[1:]]
        if len(texts) > 1 and _length(texts[0]) != _length(texts[1]):
            overlapping.append((call, [_length(text) for text in texts]))
    if not overlapping:
        return origin
    if len(calls) > 1:
        raise analysis_error("Multiple time window expressions would result in a cartesian product of rows.")
    call, (width, slide, *rest) = overlapping[0]
    start = rest[0] if rest else 0
    if not 0 < slide <= width or abs(start) >= slide:
        raise analysis_error(
            "The slide of a window is above zero and no longer than the window, its start is shorter than the slide.",
            kind="DATATYPE_MISMATCH.PARAMETER_CONSTRAINT_VIOLATION",
        )
    if width // slide > _MOST:
        raise analysis_error(f"A row would be in more than {_MOST} windows; make the slide longer.")
    time = f"epoch_us({cast(expressions.value(call.expressions[0]), TIMESTAMP).sql})"
    last = f"{time} - ((({time} - {start}) % {slide} + {slide}) % {slide})"
    starts = f"list_transform(generate_series(0, {-(-width // slide) - 1}), lambda n: {last} - n * {slide})"
    inside = f"list_filter({starts}, lambda s: s + {width} > {time})"
    made = f'struct_pack("start" := make_timestamp(s), "end" := make_timestamp(s + {width}))'
    name = compiler.statement.name("x")
    scope.sliding = Value(f"{name}.e", struct(("start", TIMESTAMP), ("end", TIMESTAMP)))
    windows = f"(SELECT unnest(list_transform({inside}, lambda s: {made})) AS e) AS {name}"
    return f"{origin}, {windows}" if origin else windows


def _calls(node: exp.Select) -> list[exp.Anonymous]:
    """Calls of window in the clauses behind WHERE, sub-queries left out."""
    group, having, order = (node.args.get(key) for key in ("group", "having", "order"))
    clauses = [*node.expressions, *(clause for clause in (group, having, order) if clause is not None)]
    return [
        each
        for clause in clauses
        for each in clause.walk(prune=lambda part: isinstance(part, exp.Query))
        if isinstance(each, exp.Anonymous) and str(each.this).lower() == "time_window" and len(each.expressions) > 1
    ]


def _length(text: str) -> int:
    """Microseconds of a duration such as `1 hour 30 minutes`.

    Raises:
        QueryError: 58000, it is none, or as long as a month, which has no fixed length.
    """
    words = re.sub(r"^\s*interval\s+", "", text, flags=re.IGNORECASE).strip()
    total, place = 0, 0
    for part in _PART.finditer(words):
        unit = _MICROSECONDS.get(part[2].lower())
        if unit is None or part.start() != place:
            break
        total, place = total + int(part[1]) * unit, part.end()
    if place != len(words) or not words:
        raise analysis_error(f"The duration {text!r} of a window is not of weeks, days, hours, minutes or seconds.")
    return total
