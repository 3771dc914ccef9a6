"""What can be wrong with a PQL expression, as one error with a place and a remedy."""

from __future__ import annotations


class PqlError(ValueError):
    """An expression that Profile Query Language does not allow, or that this platform does not evaluate.

    ``position`` counts characters from 0; ``None`` where the fault has no single place (a type mismatch between
    two operands, for example).
    """

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message if position is None else f"{message} (at character {position + 1})")
        self.position = position


class PqlSyntaxError(PqlError):
    """The text does not follow the grammar."""


class PqlUnknownFunction(PqlError):
    """The text follows the grammar but names a function that does not exist or is not evaluated here."""


class PqlTypeError(PqlError):
    """The operands cannot be combined: a number compared with text, a time function on a number, and so on."""
