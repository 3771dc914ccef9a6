"""Decimal arithmetic beyond 38 digits on the way to a result of at most 38."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal

# A product of two decimals has at most 76 digits; a quotient is cut to the target's scale.
_CONTEXT = Context(prec=120, rounding=ROUND_HALF_UP)


def operate(operator: str, left: str, right: str, scale: int) -> str | None:
    """The result rounded half up to a scale, as text; None where the divisor is zero."""
    one, other = Decimal(left), Decimal(right)
    if operator == "/":
        if other == 0:
            return None
        result = _CONTEXT.divide(one, other)
    elif operator == "*":
        result = _CONTEXT.multiply(one, other)
    else:
        result = _CONTEXT.add(one, other if operator == "+" else -other)
    return format(result.quantize(Decimal(1).scaleb(-scale), context=_CONTEXT), "f")
