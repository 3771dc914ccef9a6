"""JSON Patch as RFC 6902 has it, on the shapes that Catalog and Schema Registry receive."""

from __future__ import annotations

from typing import Any

import pytest

from local_platform.json_patch import PatchError, apply

DOCUMENT: dict[str, Any] = {"tags": {"a/b": ["x"]}, "allOf": [{"$ref": "one"}, {"$ref": "two"}], "name": "n"}


@pytest.mark.parametrize(
    ("step", "path", "expected"),
    [
        ({"op": "add", "path": "/tags/new", "value": ["y"]}, ("tags", "new"), ["y"]),
        ({"op": "add", "path": "/tags/a~1b", "value": ["z"]}, ("tags", "a/b"), ["z"]),
        ({"op": "add", "path": "/allOf/-", "value": 3}, ("allOf", 2), 3),
        ({"op": "add", "path": "/allOf/0", "value": 0}, ("allOf", 0), 0),
        ({"op": "replace", "path": "/allOf/1/$ref", "value": "new"}, ("allOf", 1, "$ref"), "new"),
        ({"op": "remove", "path": "/allOf/0"}, ("allOf", 0, "$ref"), "two"),
        ({"op": "copy", "from": "/name", "path": "/tags/name"}, ("tags", "name"), "n"),
        ({"op": "move", "from": "/name", "path": "/title"}, ("title",), "n"),
        ({"op": "test", "path": "/name", "value": "n"}, ("name",), "n"),
    ],
)
def test_a_step_changes_what_it_names(step: dict[str, Any], path: tuple[Any, ...], expected: Any) -> None:
    value: Any = apply(DOCUMENT, [step])
    for part in path:
        value = value[part]
    assert value == expected
    assert DOCUMENT["name"] == "n", "the original is left alone"


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ({"op": "add"}, "array of objects"),
        ([{"op": "add", "path": "/x"}], "no 'value'"),
        ([{"op": "add", "path": "x", "value": 1}], "not a JSON pointer"),
        ([{"op": "replace", "path": "/none", "value": 1}], "'/none' does not exist"),
        ([{"op": "remove", "path": "/allOf/9"}], "does not exist"),
        ([{"op": "add", "path": "/allOf/9", "value": 1}], "out of range"),
        ([{"op": "add", "path": "/name/x", "value": 1}], "plain value"),
        ([{"op": "test", "path": "/name", "value": "m"}], "not the one tested for"),
        ([{"op": "dance", "path": "/name"}], "not one of"),
        ([{"op": "remove", "path": ""}], "whole document"),
    ],
)
def test_a_step_that_does_not_fit_is_refused(steps: Any, said: str) -> None:
    with pytest.raises(PatchError, match=said):
        apply(DOCUMENT, steps)
