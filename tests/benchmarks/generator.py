"""The vectorised synthetic generator, and the plain simulation of one user at a time from the tests of the truth.

Both follow `method.json`: exposures at their weekly rates, follow-ups after their parents, the propensity event by
event, and both put a user's events in order. The generator also keeps them, which the plain simulation does not; the
table with names and ids that is made of them afterwards is timed apart. Rates are simulated days of one user a second,
because the plain one is given fewer users.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from runner.synthetic import SyntheticSpec, generate
from runner.synthetic.method import formulae
from runner.synthetic.spec import TAIL_DAYS
from tests.benchmarks.measuring import ROUNDS, Ratio, in_turn, seconds_of
from tests.unit.test_synthetic_truth import PlainSimulation

_END = date(2026, 11, 9)


def run(users: int = 20_000, plain_users: int = 1_000, rounds: int = ROUNDS) -> list[Ratio]:
    """Compare both over the demo's number of days."""
    spec = SyntheticSpec.ending(_END, users=users)
    days = spec.days + TAIL_DAYS
    plain = PlainSimulation(formulae(spec), spec.start, days)

    converted: dict[str, float] = {}

    def vectorised(_: int) -> None:
        data = generate(spec)
        converted["vectorised"] = float((data.conversion_times() < np.iinfo(np.int64).max).mean())

    def one_by_one(_: int) -> None:
        missed = [plain.future([], plain.start) for _user in range(plain_users)]
        converted["plain"] = 1 - sum(missed) / plain_users

    ours, reference = in_turn(vectorised, one_by_one, rounds)
    # Two simulations of the same thing, or the ratio means nothing.
    assert abs(converted["vectorised"] - converted["plain"]) < 0.05, converted
    generated = generate(spec)
    table = seconds_of(lambda: generated.events)
    details = {"users": users, "users_of_the_plain_one": plain_users, "days": days, "table_seconds": round(table, 3)}
    return [
        Ratio(
            "synthetic events",
            "vectorised",
            "one user at a time",
            ours,
            reference,
            "user-days",
            users * days,
            plain_users * days,
            details=details,
        )
    ]
