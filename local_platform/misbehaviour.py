"""Misbehaviour on request: what goes wrong, where, and how often.

Nothing goes wrong unless rules are given (``serve --faults FILE``, ``POST /control/faults`` or the `faults` command):

    {"seed": 7, "mix": 0.1, "without": ["forbidden"],
     "rules": [{"kind": "failing", "where": "GET /data/foundation/catalog/*", "rate": 0.2}]}

`mix` adds a rule for everything that can go wrong, everywhere, so that this share of all requests goes wrong, and this
share of all batches and jobs; `without` leaves kinds out of it. Dice are thrown with the seed, each rule with its own.
Requests are spoiled by ``rough_gateway``; stuck jobs and failing batches ask here.
"""

from __future__ import annotations

import random
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from fnmatch import fnmatchcase
from typing import Any, Literal

Json = dict[str, Any]

KINDS: Mapping[str, str] = {
    "expired_token": "401 401013 before the service sees the request",
    "forbidden": "403 before the service sees the request",
    "late": "404 for the first `reads` GETs of a thing that was just created",
    "conflict": "409 before the service sees the request",
    "rate_limited": "429; with Retry-After when `seconds` is given",
    "failing": "`status` 500, 502 or 503 (default), before or `after` the service did its work",
    "html": "an HTML page with `status` 502 (default), 503 or 200, before or `after` the work",
    "reset": "the connection is reset without an answer, before or `after` the work",
    "reset_mid_body": "the connection is reset when half of the answer's body was sent",
    "stall_mid_body": "half of the body, then `seconds` (default 0.5) of silence, then a reset",
    "truncated": "half of the body, with a Content-Length that fits it",
    "slow": "the request waits `seconds` (default 0.2)",
    "batch_fails": "a completed batch ends as failed; `where` is the dataset's name",
    "job_stuck": "a job does not run until the rules change; `where` is its name, e.g. 'promotion of *'",
}
JOB_KINDS = frozenset({"batch_fails", "job_stuck"})
MID_BODY = frozenset({"reset_mid_body", "stall_mid_body", "truncated"})
_STATUSES: Mapping[str, tuple[int, ...]] = {"failing": (503, 500, 502), "html": (502, 503, 200)}
_TWO_SIDED = frozenset({"failing", "html", "reset"})
# Things just created are remembered until they were read; more than this many at once nobody waits for.
_MOST_FRESH = 10_000

MIXED: tuple[Json, ...] = (
    {"kind": "expired_token", "where": "/data/*"},
    {"kind": "forbidden"},
    {"kind": "late"},
    {"kind": "conflict"},
    {"kind": "rate_limited"},
    {"kind": "rate_limited", "seconds": 0.2},
    {"kind": "failing", "status": 500},
    {"kind": "failing", "status": 502, "when": "after"},
    {"kind": "failing", "status": 503},
    {"kind": "html"},
    {"kind": "html", "status": 200, "when": "after"},
    {"kind": "reset"},
    {"kind": "reset", "when": "after"},
    {"kind": "reset_mid_body"},
    {"kind": "stall_mid_body", "seconds": 0.2},
    {"kind": "truncated"},
    {"kind": "slow"},
    {"kind": "batch_fails"},
    {"kind": "job_stuck"},
)
"""What `mix` is made of: every kind there is. Most of it a client gets over by itself; a refusal, a conflict, a failed
batch or a stuck job it can only name."""


class BadRules(ValueError):
    """The rules cannot be read; the message says which and why."""


@dataclass(frozen=True)
class Rule:
    """One way to go wrong. `where` is a pattern of the path, with a method before it where one is meant.

    Args:
        rate: share of the matching requests (or creations, batches, jobs) that are spoiled, 0 to 1.
        times: at most so often; None is without end.
        seconds: of a delay or of Retry-After.
        reads: how many GETs of a new thing say 404.
    """

    kind: str
    where: str = "*"
    rate: float = 1.0
    times: int | None = None
    status: int = 0
    seconds: float | None = None
    when: Literal["before", "after"] = "before"
    reads: int = 2

    @classmethod
    def read(cls, given: Any) -> Rule:
        """A rule from JSON.

        Raises:
            BadRules
        """
        if not isinstance(given, dict):
            raise BadRules(f"A rule is {given!r}; expected an object with a 'kind'.")
        if unknown := sorted(set(given) - {f.name for f in fields(cls)}):
            raise BadRules(f"A rule has {', '.join(unknown)}; known are {', '.join(f.name for f in fields(cls))}.")
        kind = str(given.get("kind"))
        if kind not in KINDS:
            raise BadRules(f"The kind is '{kind}'; expected one of {', '.join(KINDS)}.")
        statuses = _STATUSES.get(kind, (0,))
        rule = cls(**{"status": statuses[0], **given})
        problems = (
            (not isinstance(rule.where, str), f"where is {rule.where!r}; expected a pattern"),
            (not _number(rule.rate, 1), f"rate is {rule.rate!r}; expected 0 to 1"),
            (rule.times is not None and not _whole(rule.times), f"times is {rule.times!r}; expected a whole number"),
            (not _whole(rule.reads), f"reads is {rule.reads!r}; expected a whole number"),
            (rule.status not in statuses, f"status is {rule.status!r}; expected {_or(statuses)}"),
            (rule.seconds is not None and not _number(rule.seconds, 600), f"seconds is {rule.seconds!r}; 0 to 600"),
            (rule.when not in ("before", "after"), f"when is {rule.when!r}; expected before or after"),
            (rule.when == "after" and kind not in _TWO_SIDED, "'after' is for " + ", ".join(sorted(_TWO_SIDED))),
        )
        for wrong, why in problems:
            if wrong:
                raise BadRules(f"Rule {kind}: {why}.")
        return rule

    def matches(self, method: str, name: str) -> bool:
        """Whether a request (or, without a method, a job or dataset) is meant."""
        verb, _, pattern = self.where.rpartition(" ") if self.kind not in JOB_KINDS else ("", "", self.where)
        return verb in ("", "*", method) and fnmatchcase(name, pattern)


@dataclass
class _Dice:
    """A rule with its own dice and what it did so far."""

    rule: Rule
    random: random.Random
    matched: int = 0
    met: int = 0

    def falls(self) -> bool:
        self.matched += 1
        spent = self.rule.times is not None and self.met >= self.rule.times
        if spent or self.random.random() >= self.rule.rate:
            return False
        self.met += 1
        return True


@dataclass
class Misbehaviour:
    """The rules in force and their dice; thread-safe. `on` is all that a healthy platform ever looks at."""

    on: bool = False
    _dice: list[_Dice] = field(default_factory=list)
    _fresh: OrderedDict[str, int] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _on_change: list[Callable[[], None]] = field(default_factory=list)

    def set(self, given: Any) -> None:
        """Replace all rules by those of a JSON object with `seed`, `mix`, `without` and `rules`, all optional.

        Raises:
            BadRules: nothing was changed.
        """
        rules, seed = read_rules(given)
        with self._lock:
            self._dice = [_Dice(rule, random.Random(f"{seed}/{n}")) for n, rule in enumerate(rules)]  # noqa: S311
            self._fresh.clear()
            self.on = bool(rules)
        for changed in self._on_change:
            changed()

    def shown(self) -> Json:
        """The rules in force, how many requests each could have spoiled and how many it did, and these by kind."""
        with self._lock:
            rules = [{**asdict(d.rule), "matched": d.matched, "met": d.met} for d in self._dice]
        by_kind = Counter({rule["kind"]: 0 for rule in rules})
        for rule in rules:
            by_kind[rule["kind"]] += rule["met"]
        return {"rules": rules, "met": by_kind.total(), "by_kind": dict(by_kind)}

    def on_change(self, changed: Callable[[], None]) -> None:
        """Have `changed` called after every change of the rules."""
        self._on_change.append(changed)

    def for_request(self, method: str, path: str) -> Rule | None:
        """What is to go wrong with a request, decided once for each request."""
        with self._lock:
            for dice in self._dice:
                rule = dice.rule
                if rule.kind in JOB_KINDS or not rule.matches(method, path):
                    continue
                if rule.kind == "late":
                    if method == "GET" and self._is_fresh(path):
                        return rule
                    continue
                # A HEAD has no body to cut.
                if not (method == "HEAD" and rule.kind in MID_BODY) and dice.falls():
                    return rule
        return None

    @property
    def wants_creations(self) -> bool:
        """Whether somebody must tell `created` about new things."""
        return any(dice.rule.kind == "late" for dice in self._dice)

    def created(self, id: str, path: str) -> None:
        """A thing was created by a POST to `path`; maybe it takes a while to appear."""
        with self._lock:
            for dice in self._dice:
                rule = dice.rule
                if rule.kind == "late" and _may_lag(rule, path) and dice.falls():
                    self._fresh[id] = rule.reads
                    if len(self._fresh) > _MOST_FRESH:
                        self._fresh.popitem(last=False)
                    return

    def batch_fails(self, dataset: str) -> bool:
        """Whether a batch of this dataset is to fail after it was accepted."""
        return self._for_job("batch_fails", dataset)

    def job_is_stuck(self, name: str) -> bool:
        """Whether a job that is due must not run before the rules change."""
        return self._for_job("job_stuck", name)

    def _for_job(self, kind: str, name: str) -> bool:
        if not self.on:
            return False
        with self._lock:
            return any(d.rule.kind == kind and d.rule.matches("", name) and d.falls() for d in self._dice)

    def _is_fresh(self, path: str) -> bool:
        found = next((id for id in self._fresh if id in path), None)
        if found is None:
            return False
        self._fresh[found] -= 1
        if self._fresh[found] <= 0:
            del self._fresh[found]
        return True


def read_rules(given: Any) -> tuple[list[Rule], int]:
    """Rules and seed of a JSON object.

    Raises:
        BadRules
    """
    if not isinstance(given, dict) or set(given) - {"seed", "mix", "without", "rules"}:
        raise BadRules("Expected a JSON object with 'rules' and, if wanted, 'seed', 'mix' and 'without'.")
    seed, share, listed = given.get("seed", 0), given.get("mix", 0), given.get("rules", [])
    without = given.get("without", [])
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise BadRules(f"seed is {seed!r}; expected a whole number.")
    if not _number(share, 1):
        raise BadRules(f"mix is {share!r}; expected a share from 0 to 1.")
    if not isinstance(listed, list):
        raise BadRules(f"rules is {listed!r}; expected a list.")
    if not isinstance(without, list) or any(kind not in KINDS for kind in without):
        raise BadRules(f"without is {without!r}; expected a list of kinds: {', '.join(KINDS)}.")
    rules = [Rule.read(rule) for rule in listed]
    return [*rules, *(mixed(share, without) if share else [])], seed


def mixed(share: float, without: Sequence[str] = ()) -> list[Rule]:
    """MIXED, everywhere, each so often that together they spoil this share of requests, and of batches and jobs."""
    rules = [rule for rule in map(Rule.read, MIXED) if rule.kind not in without]
    sizes = Counter(rule.kind in JOB_KINDS for rule in rules)
    return [replace(rule, rate=1 - (1 - share) ** (1 / sizes[rule.kind in JOB_KINDS])) for rule in rules]


def _may_lag(rule: Rule, path: str) -> bool:
    """`where` of a late rule names the reads; what was created under the same collection is meant."""
    pattern = rule.where.rpartition(" ")[2]
    return fnmatchcase(path, pattern) or fnmatchcase(f"{path.rstrip('/')}/x", pattern)


def _number(value: Any, most: float) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and 0 <= value <= most


def _whole(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, int) and value >= 0


def _or(values: tuple[int, ...]) -> str:
    return " or ".join(str(value) for value in values)
