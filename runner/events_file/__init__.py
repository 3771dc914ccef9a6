"""Step 1 with your own data: a Parquet or CSV file of events, checked, converted to XDM and ingested.

    loaded = load_events(settings, platform, Path("events.csv"))
    check_history(loaded.first, loaded.last, use_case)

Rooms: reading (the file as it is), times and values (what its columns mean), problems (rows that cannot be loaded),
events (ids and XDM shape), survey (a first look), loading (into the platform; is the history long enough?).
"""

from runner.events_file.events import EventsFile, read_events
from runner.events_file.loading import LoadedEvents, check_history, load_events, required_days
from runner.events_file.survey import Survey, survey

__all__ = [
    "EventsFile",
    "LoadedEvents",
    "Survey",
    "check_history",
    "load_events",
    "read_events",
    "required_days",
    "survey",
]
