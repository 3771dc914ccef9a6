"""The feature models whose columns follow from propensity.yml: event types, rates, numbers and channels."""

from __future__ import annotations

from collections.abc import Sequence

from runner.project_unit_tests import channel_tests, event_tests, number_tests, rate_tests, unit_tests_yaml
from runner.project_yaml import GENERATED, FeatureColumn, FeatureModel, model_yaml, plain_column, set_column
from runner.settings import Settings

WINDOWS = (1, 7, 28, 90)
"""Days before as_of that counting features look at (macro `windows`)."""
LONG_WINDOWS = (28, 90)
"""Days before as_of of features that need several events to say anything (macro `long_windows`)."""
KEYS = (
    FeatureColumn("user_id", "string", "The person key, as the events carry it.", "category", role="key"),
    FeatureColumn("as_of", "timestamp", "Features know events before this moment (00:00 UTC), and no others.", "number",
                  role="as_of"),
)  # fmt: skip
LOOK_BACK = FeatureColumn(
    "look_back_days",
    "int",
    "Days before as_of that features may look at: events of [as_of - look-back, as_of), and no others. A longer window "
    "ends with the look-back. Events are those of standing `usable` (int_user_day_activity): with an identity and "
    "a time that is not after now, and each event id once a day.",
    "number",
)
_SUMMARIES = {
    "sum": "Sum of {0} over the events in {1}; null: no event there carries it.",
    "mean": "Mean of {0} over the events in {1} that carry it; null: none does.",
    "max": "Largest {0} of the events in {1}; null: no event there carries it.",
    "last": "{0} of the newest event in {1} that carries it, the largest of the same millisecond; null: none does.",
}


def generated_features(
    settings: Settings, events: Sequence[tuple[str, str]]
) -> tuple[dict[str, str], list[FeatureModel]]:
    """The files of models/features that follow from the settings (name to text), and the models' columns.

    Args:
        events: event type and the word for it in column names.
    """
    files: dict[str, str] = {}
    models: list[FeatureModel] = []

    def add(name: str, about: str, columns: list[FeatureColumn], macro: str, tests: Sequence[str]) -> None:
        models.append(FeatureModel(name, tuple(columns)))
        keys = [plain_column(c) for c in (*KEYS, LOOK_BACK)]
        files[f"{name}.yml"] = model_yaml(name, about, [], [*keys, *(set_column(c) for c in columns)])
        files[f"{name}_unit_tests.yml"] = unit_tests_yaml(tests)
        if macro:
            files[f"{name}.sql"] = f"{{#- {GENERATED}; edit that file instead. -#}}\n{{{{ {macro}() }}}}\n"

    about = (
        "For each event type: how often in each window before as_of, and how long since the last one; and the rates."
    )
    add("feat_events", about, _of_events(settings, events), "", [*event_tests(events), *rate_tests(settings, events)])
    if settings.numeric_fields:
        about = "Numbers that events carry, aggregated over each window before as_of."
        add("feat_numbers", about, _of_numbers(settings), "numeric_features", number_tests(settings))
    if settings.channel_fields:
        about = "Last touch: the newest channel before as_of, and how long ago it was."
        add("feat_channels", about, _of_channels(settings), "channel_features", channel_tests(settings))
    return files, models


def _of_events(settings: Settings, events: Sequence[tuple[str, str]]) -> list[FeatureColumn]:
    text = "How many different event types there were in the look-back; events without a type are one more."
    columns = [FeatureColumn("n_event_types", "int", text, "number", 0)]
    for event_type, name in events:
        for days in WINDOWS:
            text = f"Number of {event_type} events in {_window(days)}."
            columns.append(FeatureColumn(f"n_{name}_{days}d", "int", text, "number", 0))
        text = f"Minutes, to the millisecond, from the newest {event_type} event in the look-back to as_of; null: none."
        columns.append(FeatureColumn(f"minutes_since_{name}", "double", text, "number"))
    for rate in settings.rates:
        for days in LONG_WINDOWS:
            text = (
                f"Number of {rate.numerator} events for each {rate.denominator} event, both in {_window(days)}; "
                f"null: no {rate.denominator} there."
            )
            columns.append(FeatureColumn(f"rate_{rate.name}_{days}d", "double", text, "number"))
    return columns


def _of_numbers(settings: Settings) -> list[FeatureColumn]:
    return [
        FeatureColumn(
            f"{aggregation}_{field.name}_{days}d",
            "double",
            _SUMMARIES[aggregation].format(field.path, _window(days)),
            "number",
        )
        for field in settings.numeric_fields
        for days in WINDOWS
        for aggregation in field.aggregations
    ]


def _of_channels(settings: Settings) -> list[FeatureColumn]:
    columns = []
    for field in settings.channel_fields:
        text = (
            f"{field.path} of the newest event in the look-back that carries it, the last in the alphabet of the same "
            "millisecond; null: none does (an empty text counts as none)."
        )
        columns.append(FeatureColumn(f"last_{field.name}", "string", text, "category"))
        text = f"Minutes, to the millisecond, from the newest event that carries {field.path} to as_of; null: none."
        columns.append(FeatureColumn(f"minutes_since_{field.name}", "double", text, "number"))
    return columns


def _window(days: int) -> str:
    return f"[as_of - {days} day{'s' if days > 1 else ''}, as_of)"
