"""Step 2: features, the training set and the scoring set, built in Query Service by dbt.

The only place that builds dbt invocations.
"""

from __future__ import annotations

from runner.featurize.build import Featurized, featurize
from runner.featurize.command import dbt_environment, run_dbt
from runner.featurize.event_days import EventDays, known_event_days, read_event_days
from runner.featurize.forget import forget_run
from runner.featurize.history import DayOfData, History, end_of_newest_complete_day, read_history, require_history
from runner.featurize.leak_check import LeakCheck, check_leaks

__all__ = [
    "DayOfData",
    "EventDays",
    "Featurized",
    "History",
    "LeakCheck",
    "check_leaks",
    "dbt_environment",
    "end_of_newest_complete_day",
    "featurize",
    "forget_run",
    "known_event_days",
    "read_event_days",
    "read_history",
    "require_history",
    "run_dbt",
]
