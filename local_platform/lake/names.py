"""From a dataset's name to its table name."""

from __future__ import annotations

import re
from collections.abc import Callable

_NOT_A_LETTER = re.compile(r"[^a-z0-9_]+")
_UNDERSCORES = re.compile(r"_{2,}")


def table_name_for(name: str) -> str:
    """Lower case, everything else an underscore, never two in a row (`Luma midValues` -> `luma_midvalues`).

    The exact rule is not published; the pages show lower-case names and forbid a double underscore.
    """
    cleaned = _UNDERSCORES.sub("_", _NOT_A_LETTER.sub("_", name.lower())).strip("_")
    if not cleaned:
        return "dataset"
    return cleaned if not cleaned[0].isdigit() else f"t_{cleaned}"


def free_name(wanted: str, taken: Callable[[str], bool]) -> str:
    """The wanted name, or the first of `{wanted}_1`, `{wanted}_2`, ... that is not taken."""
    if not taken(wanted):
        return wanted
    number = 1
    while taken(f"{wanted}_{number}"):
        number += 1
    return f"{wanted}_{number}"
