"""Requests that every operation of Adobe's published files must refuse, as exchanges with a running local platform.

Each operation that the platform offers is asked by strangers, for things that do not exist, with bodies and queries
that say nothing, and while its service fails.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import requests

from local_platform.app import service_modules
from local_platform.context import Context, Options
from tests.integration.rest import Rest
from tests.published_apis.files import Operation, published
from tests.published_apis.recorder import Exchange

# What stands for an unknown thing, by the name of its parameter; the others are UUIDs.
_ABSENT = {"CONTAINER_ID": "tenant", "DATASET_ID": "0" * 24, "datasetId": "0" * 24, "filePath": "a.json"}
_JSON = "application/json"
_NOWHERE = str(uuid.UUID(int=7))
# Bodies that no operation accepts, or that say nothing.
_BODIES = (b'{"name":', b"[1]", b"{}")
_QUERIES = ("limit=-1", "start=-1&property=-&orderBy=,", "schema.name=none&entityId=x&entityIdNS=ECID")
_FAULTS: dict[int, dict[str, object]] = {
    429: {"kind": "rate_limited"},
    500: {"kind": "failing", "status": 500},
    503: {"kind": "failing", "status": 503},
}


@dataclass(frozen=True)
class Door:
    """An operation that the platform offers; `things` are ids that exist, by the segment of the path before them."""

    operation: Operation
    things: Mapping[str, str]

    @property
    def method(self) -> str:
        return self.operation.method.upper()

    @property
    def writes(self) -> bool:
        return self.method in ("POST", "PUT", "PATCH")

    @property
    def accept(self) -> str:
        """Schema Registry wants a media type of its own."""
        own = "application/vnd.adobe.xed+json;version=1"
        return own if self.operation.file.name == "schema-registry" else _JSON

    @property
    def described(self) -> set[str]:
        """Statuses of errors that the file describes for the operation."""
        return {str(code) for code in self.operation.body.get("responses", {}) if re.fullmatch(r"[45]\d\d", str(code))}

    def path(self, *, known: bool) -> str:
        """Its path with something in place of each parameter."""
        parts = [part for part in self.operation.template.split("/") if part]
        found = []
        for before, part in zip(["", *parts], parts, strict=False):
            name = part.strip("{}")
            if name == part:
                found.append(part)
            elif known and before in self.things:
                found.append(quote(self.things[before], safe=""))
            else:
                found.append(_ABSENT.get(name, _NOWHERE))
        return "/".join([self.operation.file.base, *found])


def doors(folder: Path, things: Mapping[str, str]) -> list[Door]:
    """Every published operation that has a route here."""
    context = Context.open(Options(folder / "routes"))
    context.api_url = "http://127.0.0.1:1"
    routes = []
    for module in service_modules():
        if hasattr(module, "attach"):
            module.attach(context)
        routes += module.routes(context)
    every = (Door(operation, things) for file in published() for _, operation in file.operations)
    return [
        door
        for door in every
        if any(door.method in (r.methods or ()) and r.path_regex.match(_plain(door.path(known=False))) for r in routes)
    ]


def _plain(path: str) -> str:
    return "/" + "/".join(part for part in path.split("/") if part)


class Tour:
    """Asks at doors and notes what was answered.

    Args:
        rest: a running platform; `failing` tells it to misbehave.
    """

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._session = requests.Session()
        self.exchanges: list[Exchange] = []
        self.provoked: dict[str, set[str]] = {}

    def ask(self, door: Door, query: str = "", body: bytes | None = None, *, known: bool = True, **headers: str) -> int:
        """Send one request and return the status; header names have underscores, one without a value is left out."""
        path = door.path(known=known)
        changed = {name.replace("_", "-"): value for name, value in headers.items()}
        kind = "application/octet-stream" if "{filePath}" in door.operation.template else _JSON
        plain = {"Accept": _JSON, "Content-Type": kind}
        sent = {name: value for name, value in (self._rest.headers | plain | changed).items() if value}
        url = f"{self._rest.ready['api_url']}{path}{'?' + query if query else ''}"
        answer = self._session.request(door.method, url, data=body, headers=sent, timeout=30)
        got = {name.lower(): value for name, value in answer.headers.items()}
        named = {name.lower(): value for name, value in sent.items()}
        if answer.status_code >= 400:
            exchange = Exchange(door.method, path, query, named, body or b"", answer.status_code, got, answer.content)
            self.exchanges.append(exchange)
        self.provoked.setdefault(door.operation.name, set()).add(str(answer.status_code))
        return answer.status_code

    def stranger(self, door: Door) -> None:
        """Whom the gateway refuses: that it does so before it looks at the path is held by other tests."""
        body = b"{}" if door.writes else None
        self.ask(door, body=body, known=False, Authorization="Bearer expired")
        self.ask(door, body=body, known=False, x_sandbox_name="another")

    def other_strangers(self, door: Door) -> None:
        """The rest of the gateway's refusals, which are the same at every door."""
        for name in ("Authorization", "x-gw-ims-org-id", "x-api-key"):
            self.ask(door, known=False, **{name: ""})
        self.ask(door, known=False, x_gw_ims_org_id="FOREIGN@AdobeOrg")

    def nothing_there(self, door: Door) -> None:
        """Things that do not exist."""
        for body in (b"[]", b"{}") if door.writes else (None,):
            self.ask(door, body=body, known=False, If_Match="stale", Accept=door.accept)

    def wrong(self, door: Door) -> None:
        """Bodies, media types and queries that the service must refuse, of things that exist."""
        if door.writes:
            for body in _BODIES:
                self.ask(door, body=body, If_Match="stale")
            self.ask(door, body=b"{}", Content_Type="text/csv", If_Match="stale")
        elif door.method == "GET":
            for query in _QUERIES:
                self.ask(door, query, Accept=door.accept)
            if door.accept != _JSON:
                self.ask(door, Accept="application/x-unheard-of")

    def failing(self, every: Sequence[Door]) -> None:
        """What any service may answer at any time: too many requests, and failures."""
        control = f"{self._rest.ready['control_url']}/faults"
        owner = {"Authorization": f"Bearer {self._rest.ready['client_secret']}"}
        first = {door.operation.file.name: door for door in reversed(every)}
        try:
            for status, rule in _FAULTS.items():
                assert requests.post(control, json={"rules": [rule]}, headers=owner, timeout=30).ok
                for door in every:
                    if str(status) in door.described or door in first.values():
                        assert self.ask(door, body=b"{}" if door.writes else None) == status
        finally:
            requests.delete(control, headers=owner, timeout=30)
