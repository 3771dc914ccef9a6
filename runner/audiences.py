"""The audience of a use case: a PQL rule on the published score, created once and changed each run.

The rule names the run's as-of day, so whoever was not scored in that run never qualifies, however high an older
score still stands in the profile. Words of PQL: Adobe's "Profile Query Language" pages (literals, date and time).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from runner.errors import DataError
from runner.export.request import Log, quiet
from runner.platform import Platform
from runner.publishing.scores import Scores
from runner.publishing.xdm import ScoreFields, fields_of
from runner.settings import AudienceSettings, Settings, UseCase

TTL_DAYS = 60
"""How long an unused audience lives before the platform may retire it."""


@dataclass(frozen=True)
class Audience:
    """An audience as it now stands in the platform.

    Args:
        id: its id.
        name: its name, unique in the sandbox.
        pql: the rule.
        expected_size: published scores that meet the rule.
        min_score: the lowest score that qualifies.
        changed: the definition was created or changed just now.
    """

    id: str
    name: str
    pql: str
    expected_size: int
    min_score: float
    changed: bool


def rule(fields: ScoreFields, as_of: datetime, min_score: float) -> str:
    """The PQL: eligible, at least this score, scored as of this very day (UTC)."""
    day = as_of.astimezone(UTC) if as_of.tzinfo else as_of
    return (
        f"{fields.path('eligible')} = true"
        f" and {fields.path('score')} >= {number(min_score)}"
        f" and {fields.path('asOf')} occurs on date({day.year}, {day.month}, {day.day})"
    )


def number(value: float) -> str:
    """A PQL number that reads back as exactly this double; PQL has no exponents."""
    text = format(Decimal(repr(float(value))), "f")
    return text if "." in text else f"{text}.0"


def threshold(settings: AudienceSettings, scores: Scores) -> float:
    """The lowest score that qualifies: as set, or the lowest among the best `top_percent` of the published scores."""
    if settings.min_score is not None:
        return settings.min_score
    assert settings.top_percent is not None
    return scores.top(settings.top_percent)


def upsert_audience(
    settings: Settings, use_case: UseCase, platform: Platform, scores: Scores, as_of: datetime, log: Log = quiet
) -> Audience:
    """Create the use case's audience, or change its rule to this run's; the same rule again changes nothing.

    Args:
        scores: the published scores.
        as_of: the run's as-of time.

    Raises:
        DataError: no published score meets the rule, so the audience would be empty.
        PlatformError: status 400 when the platform cannot read the rule, with its own words.
    """
    fields = fields_of(settings, use_case, platform)
    lowest = threshold(use_case.audience, scores)
    expected = scores.at_least(lowest)
    if not expected:
        raise DataError(
            f"No score reaches {lowest} (the highest is {scores.ordered[-1]:.4f}): the audience would be empty.",
            f"Lower min_score under 'audience' of {use_case.name} in propensity.yml, or use top_percent.",
        )
    name, pql = use_case.audience.name, rule(fields, as_of, lowest)
    description = f"{use_case.title}. Scores as of {as_of:%Y-%m-%d}, at least {lowest:.4f}."
    found = platform.segmentation.find(name)
    if found is None:
        found = platform.segmentation.create(name, pql, description, ttl_days=TTL_DAYS)
        log(f"Audience '{name}' created, {expected:,} of {scores.rows:,} scores meet its rule.")
        # Somebody else may have taken the name just before us: then it is theirs until its rule is ours.
        if found.pql == pql:
            return Audience(found.id, name, pql, expected, lowest, changed=True)
    changed = found.pql != pql
    if changed:
        found = platform.segmentation.change(found.id, name, pql, description)
        if found.pql != pql:
            raise DataError(
                f"Audience '{name}' ({found.id}) kept another rule than the one that was set: {found.pql}.",
                "Look at the audience in the AEP user interface; somebody may be editing it.",
            )
        log(f"Audience '{name}' now asks for {pql} ({expected:,} of {scores.rows:,} scores meet it).")
    return Audience(found.id, name, pql, expected, lowest, changed)
