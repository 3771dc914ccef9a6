"""Names of folders and files from templates such as ``%DESTINATION%_%SEGMENT_ID%_%DATETIME(YYYYMMdd_HHmmss)%``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from local_platform.landing_zone import UnsafeKey, safe_key
from local_platform.services.flows.errors import FlowProblem

_MACRO = re.compile(r"%([A-Z_]+)(?:\(([^)%]*)\))?%")
# Java's date letters, longest first; YYYY is used in the documents for the calendar year.
_LETTERS = (("yyyy", "%Y"), ("YYYY", "%Y"), ("MM", "%m"), ("dd", "%d"), ("DD", "%d"), ("HH", "%H"), ("mm", "%M"),
            ("ss", "%S"), ("SSS", "000"))  # fmt: skip
_UNSAFE = re.compile(r"[^A-Za-z0-9._=@+ -]")


def render(template: str, values: Mapping[str, str], at: datetime) -> str:
    """The template with its macros replaced; an unknown macro is left out, unsafe characters become underscores."""

    def one(match: re.Match[str]) -> str:
        name, argument = match.groups()
        if name in ("DATETIME", "TIMESTAMP"):
            return _format(argument or "YYYYMMdd_HHmmss", at)
        return values.get(name, "")

    return _UNSAFE.sub("_", _MACRO.sub(one, template)).lstrip(".") or "export"


def _format(pattern: str, at: datetime) -> str:
    for letters, code in _LETTERS:
        pattern = pattern.replace(letters, code)
    return at.strftime(pattern)


def safe_path(text: object) -> str:
    """A folder path given by a client, without leading and trailing slashes.

    Raises:
        FlowProblem: it would leave the landing zone.
    """
    if not isinstance(text, str):
        raise FlowProblem(400, f"The path is {text!r}; expected text such as 'propensity/training_set'.")
    if not text.strip("/"):
        return ""
    try:
        return safe_key(text)
    except UnsafeKey as fault:
        raise FlowProblem(400, str(fault)) from None
