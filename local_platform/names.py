"""Names that clients give to things: none may climb out of a directory, or end a header line.

Real names go into paths, headers and logs of whoever handles them next; here they are refused where they come in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NAMES = frozenset({"name", "title", "externalId", "fileName", "path"})
_CHANGES = frozenset({"add", "replace", "test"})


def has_control_character(text: str) -> bool:
    """Whether a text holds a line end or another control character."""
    return _CONTROL.search(text) is not None


def climbs(path: str) -> bool:
    """Whether a path has a part that leads out of a directory."""
    return ".." in re.split(r"[/\\]", path)


def unsafe_name(body: Any) -> str | None:
    """What is wrong with a name somewhere in a JSON body, as a sentence; None when nothing is."""
    for key, name in _named(body):
        if has_control_character(name):
            return f"{key!r} is {name!r}, which holds a control character; no name may."
        if climbs(name):
            return f"{key!r} is {name!r}, which holds '..' as a part; no name may."
    return None


def _named(body: Any) -> Iterator[tuple[str, str]]:
    """Names and their keys: in objects at any depth, and in the operations of a JSON Patch."""
    if isinstance(body, list):
        for item in body:
            yield from _named(item)
    if not isinstance(body, dict):
        return
    path, value = body.get("path"), body.get("value")
    if body.get("op") in _CHANGES and isinstance(path, str) and isinstance(value, str):
        key = path.rpartition("/")[2]
        if key in _NAMES:
            yield key, value
    for key, inner in body.items():
        if key in _NAMES and isinstance(inner, str):
            yield key, inner
        else:
            yield from _named(inner)
