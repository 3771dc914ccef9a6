"""What to generate."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, Self

from runner.errors import SettingsError

Scenario = Literal["default", "reference"]
TAIL_DAYS = 28
"""Days simulated beyond the end, so that what follows the last as-of date is known. They are never ingested."""


@dataclass(frozen=True)
class SyntheticSpec:
    """Users, days and seed. Equal specs give byte-identical files with the same library versions.

    Args:
        start: first day (UTC) with events.
        days: number of days with events, so that data end at 00:00 UTC of `start + days`.
        users: number of people, each with a profile; some never have an event.
        seed: of every random draw.
        scenario: `default` (follow-ups belong to their parent) or `reference` (the published generator as it is).
    """

    start: date
    days: int = 70
    users: int = 20_000
    seed: int = 7
    scenario: Scenario = "default"

    def __post_init__(self) -> None:
        if not 1 <= self.days <= 3660:
            raise SettingsError(f"Synthetic data for {self.days} days were asked for.", "Ask for 1 to 3660 days.")
        if not 1 <= self.users <= 5_000_000:
            raise SettingsError(f"Synthetic data for {self.users} users were asked for.", "Ask for 1 to 5,000,000.")
        if self.seed < 0:
            raise SettingsError(f"The seed {self.seed} is negative.", "Give 0 or a positive whole number.")
        if self.scenario not in ("default", "reference"):
            raise SettingsError(f"There is no scenario {self.scenario!r}.", "Choose default or reference.")

    @classmethod
    def ending(
        cls, end: date, *, days: int = 70, users: int = 20_000, seed: int = 7, scenario: Scenario = "default"
    ) -> Self:
        """The spec whose last event lies before 00:00 UTC of `end`."""
        return cls(end - timedelta(days=days), days, users, seed, scenario)

    @property
    def end(self) -> date:
        """The day after the last day with events: also the newest as-of date."""
        return self.start + timedelta(days=self.days)

    @property
    def key(self) -> str:
        """Eight characters that differ between populations; the number of days is not part of it."""
        text = f"{self.scenario}|{self.seed}|{self.users}|{self.start.isoformat()}"
        return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()

    def extended(self, days: int = 1) -> SyntheticSpec:
        """The same population and history with more days at the end."""
        return replace(self, days=self.days + days)


def default_end(today: date) -> date:
    """The last UTC midnight at least 14 days before `today`: a 14-day label of the newest as-of date has matured."""
    return today - timedelta(days=14)


def midnight_ms(day: date) -> int:
    """00:00 UTC of a day in milliseconds since 1970."""
    return int(datetime.combine(day, time(), tzinfo=UTC).timestamp()) * 1000
