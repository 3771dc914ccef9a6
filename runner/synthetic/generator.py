"""Generate a population's events: seeded, vectorised, and the same however far the days reach."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from runner.synthetic.model import CONVERSION_DELAY_MS, DAY_MS, EVENT_TYPES, FORM, MAY_CONVERT
from runner.synthetic.profiles import changed_profiles, profiles, user_ids
from runner.synthetic.reference import reference_streams
from runner.synthetic.spec import TAIL_DAYS, SyntheticSpec, midnight_ms
from runner.synthetic.streams import (
    Floats,
    Ints,
    accumulate,
    add_follow_ups,
    by_owner_and_time,
    draw_exposures,
    generator,
    joined,
)

FLAT_SCHEMA = pa.schema(
    [
        ("event_id", pa.string()),
        ("user_id", pa.string()),
        ("event_type", pa.string()),
        ("timestamp", pa.timestamp("ms", tz="UTC")),
    ]
)


@dataclass(frozen=True)
class SyntheticData:
    """A population and everything it does until `TAIL_DAYS` after the end, in order of user and time.

    Args:
        user: position into `ids`; kind: position into `EVENT_TYPES`; time: milliseconds since 1970.
        cohort, number: day of the exposure an event descends from, and its number there (a conversion carries those
            of the event that triggered it). Together they name the event.
    """

    spec: SyntheticSpec
    ids: npt.NDArray[np.str_]
    user: Ints
    kind: npt.NDArray[np.int8]
    time: Ints
    cohort: Ints
    number: Ints

    @property
    def known_until(self) -> date:
        """Everything before 00:00 UTC of this day is there."""
        return self.spec.end + timedelta(days=TAIL_DAYS)

    @property
    def events(self) -> pa.Table:
        """The data set: all events before the end, in order of user and time."""
        return self.between(self.spec.start, self.spec.end)

    @property
    def future_events(self) -> pa.Table:
        """What really followed, never ingested."""
        return self.between(self.spec.end, self.known_until)

    def between(self, first: date, end: date) -> pa.Table:
        """Events in [first, end), as event_id, user_id, event_type, timestamp (ms, UTC)."""
        return self._table((self.time >= midnight_ms(first)) & (self.time < midnight_ms(end)))

    def profiles(self, as_of: date | None = None) -> pa.Table:
        """Attributes of everybody, those without any event included."""
        return profiles(self.spec, as_of)

    def conversion_times(self) -> Ints:
        """For each user the time of the conversion, or the largest integer where there is none."""
        times = np.full(self.ids.size, np.iinfo(np.int64).max)
        form = self.kind == FORM
        times[self.user[form]] = self.time[form]
        return times

    def _table(self, rows: npt.NDArray[np.bool_]) -> pa.Table:
        kind = self.kind[rows]
        names = pa.array([e.name for e in EVENT_TYPES])
        return pa.table(
            [
                _event_ids(self.spec.key, self.cohort[rows], self.number[rows], kind == FORM),
                pa.array(self.ids).take(pa.array(self.user[rows])),
                names.take(pa.array(kind)),
                pa.array(self.time[rows]).cast(pa.timestamp("ms", tz="UTC")),
            ],
            schema=FLAT_SCHEMA,
        )


@dataclass(frozen=True)
class NextDay:
    """One more day of a population.

    Args:
        data: the same population with the day appended to its data.
        day: that day; its events lie in [day, day + 1).
        events: only the new events. profiles: only the rows that changed, as they are after the day.
    """

    data: SyntheticData
    day: date
    events: pa.Table
    profiles: pa.Table


def generate(spec: SyntheticSpec) -> SyntheticData:
    """Simulate a population. A longer spec of the same start, users and seed repeats the shorter one's events."""
    simulate = _default if spec.scenario == "default" else _reference
    user, kind, time, cohort, number, chance = simulate(spec)
    ranges = by_owner_and_time(user, time, spec.users)
    order = ranges.order
    user, kind, time, cohort, number = user[order], kind[order], time[order], cohort[order], number[order]
    propensity = accumulate(kind, ranges)
    converts = MAY_CONVERT[kind] & (chance[order] * 1000.0 < propensity)
    hits = np.flatnonzero(converts)
    first = hits[np.unique(user[hits], return_index=True)[1]]
    user = np.concatenate([user, user[first]])
    kind = np.concatenate([kind, np.full(first.size, FORM, np.int8)])
    time = np.concatenate([time, time[first] + CONVERSION_DELAY_MS])
    cohort, number = np.concatenate([cohort, cohort[first]]), np.concatenate([number, number[first]])
    order = by_owner_and_time(user, time, spec.users).order
    # What descends from days not simulated would be missing after this moment, so nothing after it is kept.
    order = order[time[order] < midnight_ms(spec.end + timedelta(days=TAIL_DAYS))]
    return SyntheticData(spec, user_ids(spec), user[order], kind[order], time[order], cohort[order], number[order])


def next_day(data: SyntheticData) -> NextDay:
    """What the day after the end of `data` brings: events, and people who opt out.

    In the `reference` scenario exposures end with the window, so that only late follow-ups come.
    """
    day = data.spec.end
    longer = data.spec.extended(1)
    extended = generate(longer) if longer.scenario == "default" else _later_cut(data, longer)
    return NextDay(extended, day, data.between(day, longer.end), changed_profiles(data.spec, day))


_Simulated = tuple[Ints, npt.NDArray[np.int8], Ints, Ints, Ints, Floats]


def _default(spec: SyntheticSpec) -> _Simulated:
    """Each day's exposures with all that follows from them, from that day's own random numbers.

    This is what makes a longer history begin with the shorter one: no draw depends on how many days there are.
    """
    parts: list[_Simulated] = []
    for day in range(spec.days + TAIL_DAYS):
        rng = generator(spec.seed, 0, day)
        streams = draw_exposures(rng, spec.users, midnight_ms(spec.start) + day * DAY_MS, DAY_MS)
        add_follow_ups(rng, streams)
        user, kind, time = joined(streams)
        number = np.arange(user.size, dtype=np.int64)
        parts.append((user, kind, time, np.full(user.size, day, np.int64), number, rng.random(user.size)))
    user, kind, time, cohort, number, chance = (np.concatenate(column) for column in zip(*parts, strict=True))
    return user, kind, time, cohort, number, chance


def _reference(spec: SyntheticSpec) -> _Simulated:
    user, kind, time = joined(reference_streams(spec.seed, spec.users, midnight_ms(spec.start), spec.days))
    chance = generator(spec.seed, 5).random(user.size)
    return user, kind, time, np.zeros(user.size, np.int64), np.arange(user.size, dtype=np.int64), chance


def _later_cut(data: SyntheticData, longer: SyntheticSpec) -> SyntheticData:
    return SyntheticData(longer, data.ids, data.user, data.kind, data.time, data.cohort, data.number)


def _event_ids(key: str, cohort: Ints, number: Ints, form: npt.NDArray[np.bool_]) -> pa.Array:
    """`{key}-{cohort}-{number}`; a conversion's ends in `-c`. Unique, and the same in every longer history."""
    ending = pa.array(["", "-c"]).take(pa.array(form.astype(np.int8)))
    stem = pc.binary_join_element_wise(key, pa.array(cohort).cast("string"), pa.array(number).cast("string"), "-")
    return pc.binary_join_element_wise(stem, ending, "")
