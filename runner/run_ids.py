"""A run's id says its use case and its as-of date: `newsletter-20261109`. Ids of a use case sort by date."""

from __future__ import annotations

from datetime import date, datetime

from runner.errors import SettingsError


def run_id_of(use_case: str, as_of: date) -> str:
    """The id of the run of a use case as of a date."""
    return f"{use_case}-{as_of:%Y%m%d}"


def use_case_of(run_id: str) -> str:
    """The name of its use case, which may hold hyphens itself."""
    return run_id.rpartition("-")[0]


def as_of_date(run_id: str) -> date:
    """Its as-of date.

    Raises:
        SettingsError: it is no run id.
    """
    try:
        return datetime.strptime(run_id.rpartition("-")[2], "%Y%m%d").date()
    except ValueError:
        raise SettingsError(
            f"{run_id!r} is no run id.", "It is a use case and an as-of date, for example newsletter-20261109."
        ) from None
