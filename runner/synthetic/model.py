"""The behaviour that the synthetic data follows: event types, weekly rates, effects, parents and delays.

The numbers are those of the public notebooks that generate data for propensity tutorials on Adobe Experience
Platform. Effects on the propensity are whole thousandths, so that every sum is exact on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

DAY_MS: Final = 86_400_000
HOUR_MS: Final = 3_600_000
CONVERSION_DELAY_MS: Final = 60_000
"""The conversion is written this long after the event that triggered it."""
START_THOUSANDTHS: Final = 1
"""Everybody's propensity before the first event: 0.001."""


@dataclass(frozen=True)
class EventType:
    """One event type: mean number a week, and what one of them adds to the propensity, in thousandths."""

    name: str
    weekly_rate: float
    effect: int

    @property
    def may_convert(self) -> bool:
        """Emails and advertising never convert by themselves; the conversion cannot happen twice."""
        return not self.name.startswith(("directMarketing.", "advertising.")) and self.name != CONVERSION


CONVERSION: Final = "web.formFilledOut"
EVENT_TYPES: Final = (
    EventType("directMarketing.emailSent", 0.5, 5),
    EventType("directMarketing.emailOpened", 0.2, 20),
    EventType("directMarketing.emailClicked", 0.05, 100),
    EventType("advertising.impressions", 0.1, 1),
    EventType("advertising.clicks", 0.01, 2),
    EventType("web.webpagedetails.pageViews", 0.1, 5),
    EventType("web.webinteraction.linkClicks", 0.05, 5),
    EventType("commerce.productViews", 0.05, 5),
    EventType("commerce.purchases", 0.01, 100),
    EventType("decisioning.propositionDisplay", 0.05, 5),
    EventType("decisioning.propositionInteract", 0.01, 100),
    EventType("decisioning.propositionDismiss", 0.01, -200),
    EventType(CONVERSION, 0.0, 0),
)
(
    SENT,
    OPENED,
    CLICKED,
    IMPRESSION,
    AD_CLICK,
    PAGE_VIEW,
    LINK_CLICK,
    PRODUCT_VIEW,
    PURCHASE,
    DISPLAY,
    INTERACT,
    DISMISS,
    FORM,
) = range(len(EVENT_TYPES))
EFFECT: Final[npt.NDArray[np.int32]] = np.array([e.effect for e in EVENT_TYPES], dtype=np.int32)
MAY_CONVERT: Final[npt.NDArray[np.bool_]] = np.array([e.may_convert for e in EVENT_TYPES])


@dataclass(frozen=True)
class FollowUp:
    """`child` happens `mean` times on average after each `parent`, each time after an exponential delay."""

    parent: int
    child: int
    mean: float
    delay_hours: float

    @property
    def delay_ms(self) -> float:
        return self.delay_hours * HOUR_MS


def _per_parent(parent: int, child: int, delay_hours: float) -> FollowUp:
    mean = EVENT_TYPES[child].weekly_rate / EVENT_TYPES[parent].weekly_rate
    return FollowUp(parent, child, round(mean, 12), delay_hours)


PAGE_VIEWS_PER_CLICK: Final = 0.5
"""Page views have two sources and the table gives their total only (rate over rate would be 2 for each click and leave
nothing to exposure). A click brings one every other time, as a page view brings a link click every other time;
exposure supplies the rest, so that the expected total is the table's."""

FOLLOW_UPS: Final = (
    _per_parent(SENT, OPENED, 24),
    _per_parent(OPENED, CLICKED, 0.5),
    _per_parent(IMPRESSION, AD_CLICK, 0.5),
    FollowUp(CLICKED, PAGE_VIEW, PAGE_VIEWS_PER_CLICK, 0.1),
    _per_parent(PAGE_VIEW, LINK_CLICK, 0.1),
    _per_parent(PAGE_VIEW, PRODUCT_VIEW, 0.2),
    _per_parent(PAGE_VIEW, DISPLAY, 0.1),
    _per_parent(PRODUCT_VIEW, PURCHASE, 1),
    _per_parent(DISPLAY, INTERACT, 0.05),
    _per_parent(DISPLAY, DISMISS, 0.05),
)
"""Ordered so that all events of a parent exist before its follow-ups are drawn."""

WEEKLY_EXPOSURES: Final = {
    SENT: EVENT_TYPES[SENT].weekly_rate,
    IMPRESSION: EVENT_TYPES[IMPRESSION].weekly_rate,
    PAGE_VIEW: EVENT_TYPES[PAGE_VIEW].weekly_rate - EVENT_TYPES[CLICKED].weekly_rate * PAGE_VIEWS_PER_CLICK,
}
"""What comes by itself, in events a week for each user, in the `default` scenario."""
