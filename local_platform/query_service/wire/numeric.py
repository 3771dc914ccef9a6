"""PostgreSQL's binary form of numeric: base 10000 digits."""

from __future__ import annotations

import struct
from decimal import Decimal

_NEGATIVE, _NAN = 0x4000, 0xC000


def encode_numeric(value: Decimal, scale: int) -> bytes:
    """A decimal with so many places behind the point."""
    sign, digits, exponent = value.as_tuple()
    whole = int("".join(map(str, digits)) or "0")
    places = -int(exponent)
    whole = whole * 10 ** (scale - places) if scale >= places else whole // 10 ** (places - scale)
    padding = -scale % 4
    whole *= 10**padding
    groups: list[int] = []
    while whole:
        whole, group = divmod(whole, 10_000)
        groups.append(group)
    weight = len(groups) - 1 - (scale + padding) // 4
    groups.reverse()
    while groups and groups[-1] == 0:
        groups.pop()
    head = struct.pack("!HhHH", len(groups), weight if groups else 0, _NEGATIVE if sign else 0, scale)
    return head + struct.pack(f"!{len(groups)}H", *groups)


def decode_numeric(content: bytes) -> Decimal:
    """The decimal a client sent."""
    count, weight, sign, scale = struct.unpack_from("!HhHH", content)
    if sign == _NAN:
        return Decimal("NaN")
    value = Decimal(0)
    for place, group in enumerate(struct.unpack_from(f"!{count}H", content, 8)):
        value += Decimal(group) * Decimal(10_000) ** (weight - place)
    value = value.quantize(Decimal(1).scaleb(-scale)) if scale else value.to_integral_value()
    return -value if sign == _NEGATIVE else value
