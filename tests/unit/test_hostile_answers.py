"""Whatever comes in place of an answer, the client is right or gives an error of its own that names the service."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from runner.errors import PlatformError, Unavailable
from tests.unit.answering import Answer, Clock, ScriptedNetwork, platform
from tests.unit.hostile_routes import Route, routes

ROUTES = list(routes())
TEXTS = ("nonsense", "", 7, -1, 0.5, 1e400, True, None, [], {}, [None], ["x"], {"x": None}, [[]])
# An empty page is what a service answers that has nothing.
EMPTY_IS_AN_ANSWER = {"datasets", "batches", "profile", "profiles", "profile sample", "namespaces", "verdict"}


def asked(route: Route, answer: Answer) -> object:
    """The result of a route's call when this is what is answered; each call is tried once."""
    return route.call(platform(ScriptedNetwork({**route.others, route.route: answer}), Clock(), attempts=1))


def problem(route: Route, answer: Answer) -> PlatformError | None:
    """The client's own error, complete with service and remedy, or None; any other exception is a defect."""
    try:
        asked(route, answer)
    except PlatformError as seen:
        if not (seen.remedy and seen.service and seen.message):
            raise AssertionError(f"{seen!r} does not say enough") from seen
        return seen
    return None


def refused(route: Route, answer: Answer) -> PlatformError:
    seen = problem(route, answer)
    assert seen is not None, f"{answer} was taken for an answer of {route.name}"
    return seen


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: r.name)
def test_the_documented_answer_is_read(route: Route) -> None:
    asked(route, Answer(route.status, route.answer))


ERRORS: tuple[Any, ...] = (
    {"title": "Internal error", "status": 500, "detail": "it broke"},
    {"type": "http://ns.adobe.com/aep/errors/XDM-1-404", "title": "Not found", "status": 404},
    {"error_code": "403027", "message": "User region is missing"},
    {"errorMessage": "broken", "errorDetails": "d"},
    {"message": "Too many", "statusCode": "429"},
    [{"message": "Too many", "statusCode": "429"}],
)


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: r.name)
def test_an_error_body_with_status_200_is_an_error(route: Route) -> None:
    for body in ERRORS:
        seen = refused(route, Answer(200, body))
        assert isinstance(seen, Unavailable), body
        assert seen.status == 200
        assert "an error in its body" in seen.message


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: r.name)
def test_what_is_not_json_is_an_error(route: Route) -> None:
    whole = json.dumps(route.answer)
    for body in (
        "<html><h1>Please log in</h1></html>",
        "<!DOCTYPE html><p>Gateway",
        "OK",
        whole[: len(whole) // 2],
        whole[:-1],
        b"\x00\xff\xfe",
        "[" * 100_000,
    ):
        seen = refused(route, Answer(200, body))
        assert seen.status == 200
        assert "not with JSON" in seen.message


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: r.name)
def test_another_shape_is_an_error(route: Route) -> None:
    other = [route.answer] if isinstance(route.answer, dict) else {"answer": route.answer}
    for body in (other, "text", 7, True, None, ["x"], [[]], ""):
        refused(route, Answer(200, json.dumps(body) if body != "" else ""))
    if route.name not in EMPTY_IS_AN_ANSWER:
        refused(route, Answer(200, {}))


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: r.name)
def test_a_part_of_the_wrong_kind_is_an_error_or_does_not_matter(route: Route) -> None:
    for spoiled in spoilt(route.answer):
        problem(route, Answer(200, spoiled))


def spoilt(whole: Any) -> Iterator[Any]:
    """The answer with one of its parts left out, or replaced by each of TEXTS."""
    for path in list(parts(whole)):
        for value in TEXTS:
            made = copy.deepcopy(whole)
            holder = made
            for key in path[:-1]:
                holder = holder[key]
            holder[path[-1]] = value
            yield made
        made = copy.deepcopy(whole)
        holder = made
        for key in path[:-1]:
            holder = holder[key]
        del holder[path[-1]]
        yield made


def parts(whole: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = whole.items() if isinstance(whole, dict) else enumerate(whole) if isinstance(whole, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from parts(value, (*path, key))
