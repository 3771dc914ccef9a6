"""How a comparison is measured and written down."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

ROUNDS = 3


class CannotRunHere(Exception):
    """Something that the comparison needs is missing on this machine; the message says what."""


@dataclass(frozen=True)
class Ratio:
    """One comparison.

    Attributes:
        name: what was done, in a few words.
        ours, reference: what was compared.
        ours_seconds, reference_seconds: every round, in the order measured.
        amount, unit: how much each side did in one round; None where both sides did the same amount.
        aim: the least ratio that is wanted, where there is one.
        details: whatever else was measured.
    """

    name: str
    ours: str
    reference: str
    ours_seconds: tuple[float, ...]
    reference_seconds: tuple[float, ...]
    unit: str
    ours_amount: float
    reference_amount: float
    aim: float | None = None
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def ours_rate(self) -> float:
        """Units a second in the best round: what slows a round down on a shared machine is never the code."""
        return self.ours_amount / min(self.ours_seconds)

    @property
    def reference_rate(self) -> float:
        """The same of the other side."""
        return self.reference_amount / min(self.reference_seconds)

    @property
    def ratio(self) -> float:
        """Our rate over the other's: above 1 we are the faster."""
        return self.ours_rate / self.reference_rate

    def record(self) -> dict[str, Any]:
        """For results.json: the ratio first, the raw seconds beside it."""
        return {
            "name": self.name,
            "ratio": round(self.ratio, 3),
            "aim": self.aim,
            "ours": self.ours,
            "reference": self.reference,
            "unit": f"{self.unit} a second",
            "ours_rate": round(self.ours_rate, 1),
            "reference_rate": round(self.reference_rate, 1),
            "ours_seconds": [round(s, 3) for s in self.ours_seconds],
            "reference_seconds": [round(s, 3) for s in self.reference_seconds],
            **self.details,
        }

    def line(self) -> str:
        """One line for people."""
        aim = "" if self.aim is None else f" (aim {self.aim:g})"
        return (
            f"{self.name}: {self.ratio:.2f}{aim}   {self.ours} {min(self.ours_seconds):.2f} s, "
            f"{self.reference} {min(self.reference_seconds):.2f} s"
            + "".join(f", {key.replace('_', ' ')} {value}" for key, value in self.details.items())
        )


def in_turn(
    ours: Callable[[int], object], reference: Callable[[int], object], rounds: int = ROUNDS
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Seconds of both, measured in turn so that a busy minute hits both sides; each is given the round's number."""
    first: list[float] = []
    second: list[float] = []
    for number in range(rounds):
        first.append(seconds_of(lambda number=number: ours(number)))  # type: ignore[misc]
        second.append(seconds_of(lambda number=number: reference(number)))  # type: ignore[misc]
    return tuple(first), tuple(second)


def seconds_of(work: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
