"""What the service answers when it refuses: a SQLSTATE and a text, as documented.

Analysis errors of the Spark side arrive wrapped in 58000, so the code alone does not tell a user's mistake from an
outage; the text does.
"""

from __future__ import annotations


class QueryError(Exception):
    """A refusal that reaches the client as an ErrorResponse.

    Attributes:
        sqlstate: five characters.
        message: what was seen and expected.
        hint: the documented way to do it, when there is one.
        fatal: the connection ends after it.
    """

    def __init__(self, sqlstate: str, message: str, *, hint: str | None = None, fatal: bool = False) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        self.message = message
        self.hint = hint
        self.fatal = fatal


def syntax_error(message: str, *, hint: str | None = None) -> QueryError:
    """42601: the statement cannot be read."""
    return QueryError("42601", message, hint=hint)


def not_supported(kind: str, reason: str, *, instead: str | None = None) -> QueryError:
    """0A000: a statement or feature the documentation does not have.

    Args:
        kind: the statement's kind, such as `UPDATE`; part of the message.
        reason: why it is refused.
        instead: the documented way to reach the same.
    """
    text = f"{kind} is not supported by Query Service: {reason}"
    return QueryError("0A000", f"{text} {instead}" if instead else text, hint=instead)


def no_models(kind: str) -> QueryError:
    """0A000: a statement or function of Data Distiller's models, which the local Query Service does not train."""
    return not_supported(
        kind,
        "the local Query Service has no models; a sandbox with Data Distiller has them.",
        instead="Train outside and write the scores back.",
    )


def analysis_error(reason: str, *, kind: str | None = None) -> QueryError:
    """58000: an error Spark finds when it analyses the statement, in the documented nesting of texts.

    Args:
        kind: Spark's error class, such as `UNRESOLVED_COLUMN`.
    """
    inner = f"[{kind}] {reason}" if kind else reason
    text = (
        "ErrorCode: 58000 Batch query execution gets : [failed reason ErrorCode: 58000 "
        f"[Analysis error encountered. Reason: [{inner}]] errorType: USER_ERROR]"
    )
    return QueryError("58000", text)


def no_such_field(name: str, known: list[str]) -> QueryError:
    """08P01, as the guide on merchandising variables prints it: an object of the table has no such field."""
    listed = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
    return QueryError(
        "08P01", f"ErrorCode: 08P01 Unknown error encountered. Reason: [No such struct field {name} in {listed};]"
    )


def undefined_function(name: str) -> QueryError:
    """58000 in the documented nesting."""
    return analysis_error(
        f"Function [{name}] not defined. Only the Spark functions that Query Service documents, and Adobe's own, exist."
    )


def execution_error(reason: str) -> QueryError:
    """58000: a statement that failed while it ran, such as raise_error."""
    return QueryError("58000", f"ErrorCode: 58000 Internal System Error [{reason}]")


def table_not_found(name: str) -> QueryError:
    """42P01"""
    return QueryError(
        "42P01", f"Table {name} not found; SHOW TABLES lists the tables of this sandbox, SHOW VIEWS its views."
    )


def table_exists(name: str) -> QueryError:
    """42P07"""
    return QueryError("42P07", f"Table {name} already exists; use IF NOT EXISTS, another name, or DROP TABLE first.")


def not_allowed(message: str) -> QueryError:
    """42501: the table belongs to somebody else."""
    return QueryError("42501", message)


def limit_exceeded(message: str) -> QueryError:
    """53400: a documented limit."""
    return QueryError("53400", message)


def cancelled() -> QueryError:
    """57014: the client asked for it."""
    return QueryError("57014", "The statement was cancelled on the client's request.")
