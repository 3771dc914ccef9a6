"""The list of deliberate deviations from the published files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from tests.published_apis.checking import Finding, findings
from tests.published_apis.recorder import Exchange


@dataclass(frozen=True)
class Deviation:
    """An entry of `deviations.yml`; `traffic` is where it is needed: the loop, or the calls of aepp."""

    operation: str
    part: str
    where: str
    what: str
    reason: str
    traffic: str = "loop"

    def explains(self, finding: Finding) -> bool:
        """Whether this is the deviation that was found."""
        # Templates hold braces, which mean themselves here.
        operation = re.sub(r"[{}]", r"\\\g<0>", self.operation)
        return (
            re.fullmatch(operation, finding.operation) is not None
            and self.part in finding.part
            and re.search(self.where, finding.where) is not None
            and re.search(self.what, finding.what, re.DOTALL) is not None
        )


@cache
def deviations() -> tuple[Deviation, ...]:
    """All entries."""
    text = Path(__file__).with_name("deviations.yml").read_text(encoding="utf-8")
    return tuple(Deviation(**{name: str(value) for name, value in entry.items()}) for entry in yaml.safe_load(text))


def unexplained(exchanges: Iterable[Exchange], used: set[Deviation]) -> list[str]:
    """What no entry explains, each kind once; adds the entries that explained something to `used`."""
    left: dict[tuple[str, ...], str] = {}
    for exchange in exchanges:
        for finding in findings(exchange):
            entries = [entry for entry in deviations() if entry.explains(finding)]
            used.update(entries)
            if not entries:
                left.setdefault((finding.operation, finding.part, finding.where), str(finding))
    return sorted(left.values())
