"""From an HTTP answer to one of our errors.

The services speak a dozen error dialects (gateway codes, RFC 7807, Flow Service, segmentation, Profile's lists ...);
here each becomes one exception with service, status, title, detail and request id, and a remedy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests

from runner.errors import (
    AuthenticationError,
    Conflict,
    NotFound,
    PermissionDenied,
    PlatformError,
    PlatformTimeout,
    RateLimited,
    Unavailable,
)
from runner.platform.documents import whole

SERVICES: tuple[tuple[str, str], ...] = (
    ("/data/foundation/schemaregistry", "Schema Registry"),
    ("/data/core/idnamespace", "Identity Service"),
    ("/data/foundation/catalog", "Catalog"),
    ("/data/foundation/import", "Batch Ingestion"),
    ("/data/foundation/export", "Data Access"),
    ("/data/foundation/query", "Query Service"),
    ("/data/foundation/flowservice", "Flow Service"),
    ("/data/foundation/connectors/landingzone", "Data Landing Zone"),
    ("/data/foundation/conversion", "Data Prep"),
    ("/data/foundation/dulepolicy", "Policy Service"),
    ("/data/foundation/dataset", "Dataset Service"),
    ("/data/core/activation", "Destinations"),
    ("/data/core/ups/access", "Profile"),
    ("/data/core/ups/previewsamplestatus", "Profile"),
    ("/data/core/ups/config/mergePolicies", "Profile"),
    ("/data/core/ups/system", "Profile"),
    ("/data/core/ups", "Segmentation"),
    ("/ims/", "IMS"),
)

_SECRETS = re.compile(
    r"(?i)(bearer\s+)[\w.\-~+/=]+|(\b(?:sig|client_secret|access_token|sastoken)\"?[=:]\s*\"?)[^\s\"&,}]+|eyJ[\w\-]{8,}[\w.\-]*"
)
_ALREADY_THERE = re.compile(r"(?i)already exist|exists already|must be unique|already in use|already taken|duplicate")


@dataclass(frozen=True)
class ErrorText:
    """What an error body says, whatever its dialect."""

    title: str = ""
    detail: str = ""
    code: str = ""
    retry_after_ms: int | None = None


def service_of(path: str) -> str:
    """The documented name of the service behind a URL path."""
    return next((name for prefix, name in SERVICES if prefix in path), "Experience Platform")


def redact(text: str) -> str:
    """The text without bearer tokens, JSON web tokens, signatures and client secrets."""
    return _SECRETS.sub(lambda m: f"{m.group(1) or m.group(2) or ''}***", text)


def body_of(response: requests.Response) -> Any:
    """The JSON of an answer; None where it is none, or nested deeper than anything the services send."""
    try:
        return response.json()
    except (ValueError, RecursionError):
        return None


def is_page(response: requests.Response) -> bool:
    """Whether a web page came where a service should have answered (a proxy, a login, a gateway)."""
    kind = response.headers.get("Content-Type", "").lower()
    return kind.startswith("text/html") or response.content[:200].lstrip().lower().startswith((b"<html", b"<!doctype"))


def is_disguised(response: requests.Response) -> bool:
    """Whether an error body came with a success status."""
    body = body_of(response)
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    if not isinstance(body, Mapping):
        return False
    said = next((whole(body[key]) for key in ("status", "statusCode", "httpStatus") if key in body), 0)
    if 400 <= said < 600 and any(key in body for key in ("title", "detail", "message", "type", "error")):
        return True
    return bool(body.get("error_code")) or isinstance(body.get("errorMessage"), str)


def read_error(response: requests.Response) -> ErrorText:
    """Read an error body of any of the documented dialects; HTML and empty bodies give their first words."""
    body = body_of(response)
    if body is None:
        plain = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.text or "")).strip()
        return ErrorText(title=response.reason or "", detail=redact(plain[:500]))
    if isinstance(body, list):
        body = body[0] if body and isinstance(body[0], Mapping) else {"message": str(body)[:500]}
    if not isinstance(body, Mapping):
        return ErrorText(detail=redact(str(body)[:500]))
    return _from_mapping(body)


def _from_mapping(body: Mapping[str, Any]) -> ErrorText:
    report = body.get("report") if isinstance(body.get("report"), Mapping) else {}
    assert isinstance(report, Mapping)
    title = _first(body, "title", "error", "errorMessage", "code", "error_code")
    detail = _first(body, "detail", "error_description", "errorDetails", "message", "cause", "description")
    if not detail:
        detail = str(report.get("detailed-message") or "") or _nested(body.get("errors"))
    code = str(body.get("error_code") or body.get("code") or "")
    if not code and isinstance(body.get("type"), str) and "/errors/" in body["type"]:
        code = str(body["type"]).rsplit("/", 1)[-1]
    wait = whole(body.get("retryAfterMs"), -1)
    violations = body.get("violations") or body.get("violatedPolicies")
    if violations:
        detail = f"{detail} {violations}".strip()
    return ErrorText(title, redact(detail[:2048]), code, wait if wait >= 0 else None)


def _first(body: Mapping[str, Any], *keys: str) -> str:
    return next((str(body[k]) for k in keys if isinstance(body.get(k), str | int) and body[k] != ""), "")


def _nested(errors: object) -> str:
    """Segmentation keys its errors by HTTP status; others list them."""
    if isinstance(errors, Mapping):
        errors = [item for group in errors.values() for item in (group if isinstance(group, list) else [group])]
    if isinstance(errors, list):
        return "; ".join(str(e.get("message", e)) if isinstance(e, Mapping) else str(e) for e in errors)
    return ""


def failure(response: requests.Response, *, request_id: str, sandbox: str, client: str, org: str) -> PlatformError:
    """The exception for an answer with an error status."""
    method, path = response.request.method or "", response.request.path_url.split("?")[0]
    service, text, status = service_of(path), read_error(response), response.status_code
    kind, remedy = _kind(status, text, sandbox=sandbox, client=client, org=org)
    parts = dict.fromkeys(part.rstrip(".") for part in (text.title, text.detail[:600]) if part)
    said = " - ".join(parts) or "an empty answer"
    return kind(
        f"{service} answered {method} {path} with {status}: {said}.",
        remedy,
        service=service,
        status=status,
        title=text.title,
        detail=text.detail,
        request_id=request_id,
        code=text.code,
    )


def _kind(status: int, text: ErrorText, *, sandbox: str, client: str, org: str) -> tuple[type[PlatformError], str]:
    who = f"client {client}, organisation {org}, sandbox {sandbox}"
    if status == 401 or text.code in {"403010", "403000", "403003", "400003"}:
        return AuthenticationError, (
            f"Check AEP_CLIENT_ID, AEP_CLIENT_SECRET, AEP_SCOPES and AEP_ORG_ID against the developer console ({who})."
        )
    if status == 403:
        return PermissionDenied, (
            "Add the client to a role or product profile that may do this in this sandbox, or check that the "
            f"licence covers it ({who}); 'propensity doctor' tries each permission."
        )
    if status == 404:
        return NotFound, f"Check the name and the sandbox ({sandbox}); 'propensity setup' creates what is missing."
    if status in (409, 412) or (status in (400, 422) and _ALREADY_THERE.search(f"{text.title} {text.detail}")):
        return Conflict, "It is there already or was changed meanwhile: read it again before changing it."
    if status == 429:
        return RateLimited, "Wait and run the step again; it continues where it stopped."
    if status >= 500:
        return Unavailable, "The service is failing: run the step again later; it continues where it stopped."
    if 300 <= status < 400:
        return PlatformError, "The address redirects elsewhere: check AEP_API_URL."
    return PlatformError, "The request was refused as it is: correct what the message names."


def unreadable(response: requests.Response, request_id: str) -> Unavailable:
    """The exception for a success whose body is not the JSON that was asked for, or is an error."""
    path, text = response.request.path_url.split("?")[0], read_error(response)
    said = " - ".join(dict.fromkeys(part for part in (text.title, text.detail[:200]) if part))
    what, remedy = "not with JSON", "Something between here and the service answered instead of it: try again, then "
    remedy += "check proxies and AEP_API_URL."
    if is_disguised(response):
        what, remedy = "with an error in its body", "Run the step again; if it repeats, ask Adobe with the request id."
    return Unavailable(
        f"{service_of(path)} answered {response.request.method} {path} with {response.status_code} but {what}: "
        f"{said or 'unreadable bytes'}.",
        remedy,
        service=service_of(path),
        status=response.status_code,
        title=text.title,
        detail=text.detail,
        request_id=request_id,
        code=text.code,
    )


def unreachable(error: requests.RequestException, method: str, path: str, request_id: str) -> PlatformError:
    """The exception for a request that got no complete answer."""
    service = service_of(path)
    kind: type[PlatformError] = PlatformTimeout if isinstance(error, requests.Timeout) else Unavailable
    if isinstance(error, requests.exceptions.SSLError):
        seen, remedy = "the TLS certificate is not trusted", "Check AEP_API_URL; behind a proxy set REQUESTS_CA_BUNDLE."
    elif isinstance(error, requests.exceptions.ConnectTimeout):
        seen, remedy = "no connection in time", "Check AEP_API_URL and the network, then run the step again."
    elif isinstance(error, requests.Timeout):
        seen, remedy = "no answer in time", "Run the step again; it continues where it stopped."
    elif never_sent(error):
        seen, remedy = "the connection was refused", "Check AEP_API_URL and the network, then run the step again."
    else:
        seen, remedy = "the connection broke", "Run the step again; it continues where it stopped."
    return kind(f"{service}: {seen} ({method} {path}).", remedy, service=service, request_id=request_id)


def never_sent(error: requests.RequestException) -> bool:
    """Whether the request cannot have reached the service (so that even a write may be repeated)."""
    if isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.SSLError):
        return True
    reason = error.args[0] if error.args else None
    return type(getattr(reason, "reason", reason)).__name__ in {"NewConnectionError", "NameResolutionError"}
