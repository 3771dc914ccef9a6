"""DuckDB's errors in the service's words."""

from __future__ import annotations

import re

import duckdb

from local_platform.query_service.errors import QueryError, analysis_error, cancelled, execution_error, syntax_error

# A function of ours that refuses a value.
_OWN = re.compile(r"exception occurred while executing the UDF: \w+: (.*?)(?:\n\nAt:|$)", re.DOTALL)
# Texts about what lies beneath: functions the user did not write, or the engine's own advice.
_INNER = re.compile(r"No function matches|Function with name|Candidate |explicit type casts|Values list|lambda")
_LEADING = re.compile(r"^[A-Za-z ]+ Error:\s*")


def translate(error: Exception) -> QueryError:
    """The refusal for an error of the engine."""
    if isinstance(error, duckdb.InterruptException):
        return cancelled()
    text = _LEADING.sub("", str(error)).split("\n\nLINE")[0].strip()
    if text == "Interrupted!" or "executing the UDF: InterruptedError:" in text:
        # While constants are computed, and within a function of ours.
        return cancelled()
    if isinstance(error, duckdb.OutOfMemoryException | MemoryError) or "MemoryError" in text:
        return execution_error("The statement needs more memory than the local Query Service has; divide it.")
    own = _OWN.search(text)
    if own is not None:
        text = own[1].strip()
    if "must appear in the GROUP BY clause" in text:
        return analysis_error(
            "A column is neither grouped nor inside an aggregate function; put it into GROUP BY or use first().",
            kind="MISSING_AGGREGATION",
        )
    zone = re.search(r"Unknown TimeZone '([^']*)'", text)
    if zone:
        return execution_error(f"Unknown time-zone ID: {zone[1]}; write it as America/New_York or +01:00.")
    if "More than one row returned by a subquery" in text:
        return execution_error(
            "[SCALAR_SUBQUERY_TOO_MANY_ROWS] More than one row returned by a subquery used as an expression."
        )
    if "expression depth limit" in text:
        return execution_error(
            "The expression is nested too deeply for this engine. "
            "Name the inner expressions in a sub-query or a WITH clause."
        )
    if isinstance(error, duckdb.ParserException):
        return syntax_error("Syntax error: the statement cannot be read; a clause or operand of it is missing.")
    if isinstance(error, duckdb.BinderException | duckdb.CatalogException):
        if _INNER.search(text):
            return analysis_error(
                "The arguments of a function or operator do not fit each other; CAST them to the types it takes.",
                kind="DATATYPE_MISMATCH",
            )
        return analysis_error(text)
    return execution_error(text)
