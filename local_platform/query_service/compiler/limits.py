"""LIMIT and OFFSET."""

from __future__ import annotations

from sqlglot import exp

from local_platform.query_service.errors import not_supported, syntax_error


def limit_sql(limit: exp.Expression | None, offset: exp.Expression | None) -> str:
    """LIMIT and OFFSET of an inner query: whole numbers, LIMIT ALL for none."""
    sql = ""
    if limit is not None and limit_number(limit) is not None:
        sql += f" LIMIT {limit_number(limit)}"
    if offset is not None:
        sql += f" OFFSET {offset_number(offset)}"
    return sql


def offset_number(offset: exp.Expression) -> int:
    """The number of an OFFSET.

    Raises:
        QueryError: 42601, it is no whole number.
    """
    return _whole(offset.expression, "OFFSET")


def limit_number(limit: exp.Expression) -> int | None:
    """The number of a LIMIT; None for LIMIT ALL.

    Raises:
        QueryError: 42601, it is no whole number.
    """
    if not isinstance(limit, exp.Limit):
        raise not_supported("FETCH FIRST", "the documentation does not have it.", instead="Use LIMIT.")
    value = limit.expression
    if isinstance(value, exp.Var | exp.Column) and value.name.upper() == "ALL":
        return None
    return _whole(value, "LIMIT")


def _whole(value: exp.Expression, clause: str) -> int:
    if isinstance(value, exp.Literal) and not value.is_string and value.this.isdigit() and int(value.this) < 2**63:
        return int(value.this)
    raise syntax_error(f"{clause} takes a whole number; seen {value.sql(dialect='spark')!r}.")
