"""The token endpoint of Adobe's identity service: OAuth server-to-server, values in the form body or the query."""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_platform.context import Context
from local_platform.http import Call, endpoint
from local_platform.problems import Problem


class ImsProblem(Problem):
    """400 with `{"error", "error_description"}`."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(400, {"error": error, "error_description": description})


def routes(context: Context) -> list[Route]:
    """`POST /ims/token/v3`."""

    def token(call: Call) -> Response:
        values = {**dict(call.request.query_params), **_form(call.body)}
        if values.get("grant_type") != "client_credentials":
            raise ImsProblem("unsupported_grant_type", "grant_type must be client_credentials")
        if values.get("client_id") != context.options.client_id:
            raise ImsProblem("invalid_client", "invalid client_id parameter")
        if not context.tokens.secret_is(values.get("client_secret", "")):
            raise ImsProblem("invalid_client", "invalid client_secret parameter")
        scopes = [scope for scope in values.get("scope", "").replace(" ", ",").split(",") if scope]
        unknown = [scope for scope in scopes if scope not in context.options.scopes]
        if unknown:
            raise ImsProblem("invalid_scope", "the client is not allowed to ask for this scope")
        life = context.tokens.life_seconds
        body = {"access_token": context.tokens.issue(scopes), "token_type": "bearer", "expires_in": life}
        return JSONResponse(body, headers={"Cache-Control": "no-store"})

    return [Route("/ims/token/v3", endpoint(token), methods=["POST"])]


def _form(body: bytes) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(body.decode("latin-1"), keep_blank_values=True).items()}
