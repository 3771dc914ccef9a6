"""`methods.yml` as records, and the section of DIFFERENCES_services.md that is made of it.

python -m tests.aepp_methods.listing     writes the section anew
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]
PAGE = Path(__file__).parents[2] / "local_platform" / "DIFFERENCES_services.md"
_BEGIN = "<!-- made by tests.aepp_methods.listing -->"
_END = "<!-- end -->"


@cache
def entries() -> tuple[Json, ...]:
    """All entries with their class and method, in order."""
    text = Path(__file__).with_name("methods.yml").read_text(encoding="utf-8")
    listed: dict[str, dict[str, Json]] = yaml.safe_load(text)
    return tuple({"class": c, "method": m, **e} for c, methods in listed.items() for m, e in methods.items())


def section() -> str:
    """What works, what fails as on Adobe's documented answers, and what is not offered."""
    works = [e for e in entries() if "holds" in e]
    fails = [e for e in entries() if "fails" in e]
    absent = [e for e in entries() if "absent" in e]
    lines = [
        _BEGIN,
        f"Of the {len(entries())} public methods of aepp 0.5.7's classes for these services {len(works)} work here,",
        f"unpatched; {len(fails)} fail as on Adobe's documented answers; {len(absent)} ask for what is not offered.",
        "",
        "| method that fails as documented | why |",
        "|---|---|",
        *(f"| `{e['class']}.{e['method']}` | {e['why']} |" for e in fails),
        "",
        "| not offered here | methods of aepp |",
        "|---|---|",
    ]
    reasons: dict[str, list[str]] = {}
    for entry in absent:
        reasons.setdefault(entry["absent"], []).append(f"`{entry['class']}.{entry['method']}`")
    lines += [f"| {reason} | {', '.join(methods)} |" for reason, methods in reasons.items()]
    return "\n".join([*lines, _END])


def page_with_section(text: str) -> str:
    """The page with the section in its place."""
    before, rest = text.split(_BEGIN, 1)
    return before + section() + rest.split(_END, 1)[1]


if __name__ == "__main__":
    PAGE.write_text(page_with_section(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
