"""What AEP does not have: a clock that can be moved, misbehaviour on request. Needs the client secret as bearer."""

from __future__ import annotations

import importlib
import threading

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_platform.context import Context
from local_platform.http import Call, endpoint
from local_platform.misbehaviour import BadRules
from local_platform.problems import BadRequest, GatewayProblem

PREFIX = "/control"
_LONGEST_MOVE_SECONDS = 366 * 86_400


def routes(context: Context) -> list[Route]:
    """`GET` and `POST /control/clock`; `GET`, `POST` and `DELETE /control/faults`."""
    moving = threading.Lock()

    def read(call: Call) -> Response:
        _authorise(call, context)
        awaited = context.clock.awaited()
        return JSONResponse(
            {"now": context.clock.now().isoformat(), "awaited": None if awaited is None else awaited.isoformat()}
        )

    def move(call: Call) -> Response:
        _authorise(call, context)
        seconds = call.json_object().get("advance_seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise BadRequest(f"advance_seconds is {seconds!r}; expected a number of seconds.")
        if not 0 <= seconds <= _LONGEST_MOVE_SECONDS:
            raise BadRequest(f"advance_seconds is {seconds}; expected 0 to {_LONGEST_MOVE_SECONDS} (a year).")
        with moving:
            context.clock.advance(seconds)
            run_what_is_due(context)
        return JSONResponse({"now": context.clock.now().isoformat()})

    def faults(call: Call) -> Response:
        _authorise(call, context)
        try:
            if call.request.method == "POST":
                context.misbehaviour.set(call.json_object())
            elif call.request.method == "DELETE":
                context.misbehaviour.set({})
        except BadRules as problem:
            raise BadRequest(str(problem)) from None
        return JSONResponse(context.misbehaviour.shown())

    return [
        Route(f"{PREFIX}/faults", endpoint(faults), methods=["GET", "POST", "DELETE"]),
        Route(f"{PREFIX}/clock", endpoint(read), methods=["GET"]),
        Route(f"{PREFIX}/clock", endpoint(move), methods=["POST"]),
    ]


def run_what_is_due(context: Context) -> None:
    """Run jobs and schedules whose time has come; returns when they are finished.

    Jobs go first and again last: the daily evaluation must see what was ingested, and what it starts must be done too.
    """
    context.jobs.drain()
    # Imported here because it pulls in the profile store, which start-up does not need.
    importlib.import_module("local_platform.scheduler").run_due(context)
    context.jobs.drain()


def _authorise(call: Call, context: Context) -> None:
    scheme, _, secret = call.header("authorization").partition(" ")
    if scheme.lower() != "bearer" or not context.tokens.secret_is(secret.strip()):
        raise GatewayProblem(401, "401013", "The control endpoint needs the client secret as bearer.")
