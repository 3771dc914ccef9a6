"""GROUP BY: columns, aliases, positions, GROUPING SETS, ROLLUP and CUBE."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from local_platform.query_service.compiler.literals import ordinal
from local_platform.query_service.compiler.ordering import order_key
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.errors import QueryError, analysis_error, not_supported, syntax_error

if TYPE_CHECKING:
    from local_platform.query_service.compiler.expressions import Expressions


def group_by(self: Expressions, select: exp.Select, items: Sequence[Any]) -> str:
    """SQL of the GROUP BY clause with a leading blank, empty without one.

    Args:
        items: the select list; a name that is no column may be one of its aliases, a number one of its places.
    """
    clause = select.args.get("group")
    if clause is None:
        return ""
    if clause.args.get("all"):
        raise not_supported("GROUP BY ALL", "the documentation does not have it.", instead="Name the columns.")
    keys = [_key(self, node, items) for node in clause.expressions]
    sets = clause.args.get("grouping_sets") or []
    if sets and clause.expressions and not any(_is_sets(node) for node in clause.expressions):
        # GROUP BY a, b GROUPING SETS ((a), (b)): the sets choose among the columns before them.
        return " GROUP BY " + ", ".join(_sets(self, each, items) for each in sets)
    for word in ("rollup", "cube"):
        for sets in clause.args.get(word) or []:
            if not sets.expressions:
                # GROUP BY a, b WITH ROLLUP
                return f" GROUP BY {word.upper()} ({', '.join(keys)})"
            keys.append(f"{word.upper()} ({', '.join(_key(self, node, items) for node in sets.expressions)})")
    keys += [_sets(self, each, items) for each in sets]
    if not keys:
        raise syntax_error("Syntax error: nothing stands behind GROUP BY.")
    return " GROUP BY " + ", ".join(keys)


def _is_sets(node: exp.Expression) -> bool:
    return isinstance(node, exp.GroupingSets | exp.Rollup | exp.Cube)


def grouping_columns(select: exp.Select) -> list[exp.Expression]:
    """The columns of a GROUP BY with several groupings, in order; empty for a plain one."""
    clause = select.args.get("group")
    if clause is None:
        return []
    words = [each for word in ("rollup", "cube", "grouping_sets") for each in clause.args.get(word) or []]
    words += [node for node in clause.expressions if _is_sets(node)]
    plain = [node for node in clause.expressions if not _is_sets(node)]
    if not words:
        return []
    found = [*plain, *(part for word in words for node in word.expressions for part in _parts(node))]
    return list({node.sql(): node for node in found}.values())


def _parts(node: exp.Expression) -> list[exp.Expression]:
    if isinstance(node, exp.Paren):
        return _parts(node.this)
    if isinstance(node, exp.Tuple) or _is_sets(node):
        return [part for each in node.expressions for part in _parts(each)]
    return [node]


def _key(self: Expressions, node: exp.Expression, items: Sequence[Any]) -> str:
    if isinstance(node, exp.GroupingSets):
        return _sets(self, node, items)
    if isinstance(node, exp.Rollup | exp.Cube):
        word = type(node).__name__.upper()
        return f"{word} ({', '.join(_key(self, part, items) for part in node.expressions)})"
    if isinstance(node, exp.Tuple):
        return f"({', '.join(_key(self, part, items) for part in node.expressions)})"
    number = ordinal(node)
    if number is not None:
        if not 1 <= number <= len(items):
            raise analysis_error(
                f"GROUP BY position {number} is not in select list (valid range is [1, {len(items)}]).",
                kind="GROUP_BY_POS_OUT_OF_RANGE",
            )
        return _grouped(items[number - 1].value)
    value = _value(self, node, items)
    order_key(value)  # refuses maps, which have no equality
    return _grouped(value)


def _value(self: Expressions, node: exp.Expression, items: Sequence[Any]) -> Value:
    try:
        return self.value(node)
    except QueryError:
        if isinstance(node, exp.Column) and not node.table:
            for item in items:
                if item.name.lower() == node.name.lower():
                    return item.value  # type: ignore[no-any-return]
        raise


def _grouped(value: Value) -> str:
    """A literal must not look like a position."""
    return (
        f"({value.sql} || '')"
        if isinstance(value.literal, str)
        else (f"(0 + {value.sql})" if value.literal is not None and not isinstance(value.literal, bool) else value.sql)
    )


def _sets(self: Expressions, node: exp.GroupingSets, items: Sequence[Any]) -> str:
    sets = []
    for part in node.expressions:
        if _is_sets(part):
            sets.append(_key(self, part, items))
            continue
        inner = (
            part.expressions if isinstance(part, exp.Tuple) else [part.this if isinstance(part, exp.Paren) else part]
        )
        sets.append(f"({', '.join(_key(self, each, items) for each in inner)})")
    return f"GROUPING SETS ({', '.join(sets)})"
