"""The HTTP application: the gateway in front of all services that this package has."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import pkgutil
from types import ModuleType

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from local_platform import control, ims, services
from local_platform.context import Context
from local_platform.gateway import Gateway
from local_platform.problems import Problem
from local_platform.rough_gateway import RoughGateway

log = logging.getLogger("local_platform")

_TITLES = {404: "NotFoundError", 405: "MethodNotAllowedError"}


def build(context: Context) -> ASGIApp:
    """Attach every service and return the application; nothing runs before `resume`."""
    modules = service_modules()
    for module in modules:
        if hasattr(module, "attach"):
            module.attach(context)
    routes: list[Route] = [*ims.routes(context), *control.routes(context)]
    for module in modules:
        routes.extend(module.routes(context))
    handlers = {Problem: _problem, HTTPException: _http_exception, Exception: _crash}
    application = Starlette(routes=routes, exception_handlers=handlers)  # type: ignore[arg-type]
    # The gateway takes trailing slashes off; a redirect would put one on again, for ever.
    application.router.redirect_slashes = False
    gateway = Gateway(application, context)
    return RoughGateway(gateway, context.misbehaviour)


def resume(context: Context) -> None:
    """Let every service take up again what an earlier process left undone."""
    for module in service_modules():
        if hasattr(module, "resume"):
            module.resume(context)


def service_modules() -> list[ModuleType]:
    """`routes` modules of all service folders, by name."""
    names = sorted(info.name for info in pkgutil.iter_modules(services.__path__) if info.ispkg)
    modules = [f"local_platform.services.{name}.routes" for name in names]
    return [importlib.import_module(name) for name in modules if importlib.util.find_spec(name)]


async def _problem(_: Request, problem: Problem) -> Response:
    return JSONResponse(problem.body, problem.status, problem.headers)


async def _http_exception(request: Request, error: HTTPException) -> Response:
    title = _TITLES.get(error.status_code, "RequestError")
    detail = f"{request.method} {request.url.path}: {error.detail}"
    body = {"type": "/placeholder/type/uri", "status": error.status_code, "title": title, "detail": detail}
    return JSONResponse(body, error.status_code, error.headers)


async def _crash(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    detail = "The service failed; the platform's log has the reason."
    body = {"type": "/placeholder/type/uri", "status": 500, "title": "InternalServerError", "detail": detail}
    return JSONResponse(body, 500)
