"""What every service client shares: aepp's object for addresses and headers, our session for the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from functools import cached_property
from typing import Any, TypeVar

import requests

from runner.errors import Conflict, NotFound, PlatformTimeout, Unavailable
from runner.platform.documents import Document, listed, mapping, need, unexpected
from runner.platform.library import LibraryName, library_object
from runner.platform.transport import CheckedSession, repeatable_write

T = TypeVar("T")


class Service:
    """One service of the platform.

    Args:
        session: the checked session all services share.

    Sub-classes name themselves (`title`), aepp's class (`library_name`) and, where aepp's object does not know it,
    the path under which the service lives.
    """

    title = "Experience Platform"
    library_name: LibraryName = "catalog"

    def __init__(self, session: CheckedSession) -> None:
        self._session = session

    @cached_property
    def library(self) -> Any:
        """aepp's object of this service; made at first use, since importing aepp takes a while."""
        return library_object(self.library_name, self._session)

    @property
    def base(self) -> str:
        return str(self.library.endpoint)

    def call(self, method: Callable[..., Any], *args: Any, repeatable: bool | None = None, **options: Any) -> Any:
        """Call one of aepp's methods and return its answer.

        The session has checked the HTTP answer; here the remaining disguises of a failure are unmasked: an `error`
        that aepp made up for a body it could not read, None, and aepp itself stumbling over the shape of an answer.
        """
        with repeatable_write(repeatable) if repeatable is not None else nullcontext():
            try:
                answer = method(*args, **options)
            except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
                asked = getattr(method, "__name__", "a call")
                raise unexpected(f"{self.title} to {asked}", f"the documented JSON ({error!r})") from error
        if answer is None or (isinstance(answer, Mapping) and isinstance(answer.get("error"), str)):
            raise unexpected(f"{self.title} to {getattr(method, '__name__', 'a call')}", "the documented JSON")
        return answer

    def get(self, path: str, params: Mapping[str, Any] | None = None, *, accept: str = "application/json") -> Any:
        """GET a path under the service and return its JSON."""
        response = self.send("GET", path, params=params, headers={"Accept": accept})
        return response.json() if response.content else None

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        repeatable: bool | None = None,
        base: str | None = None,
        **options: Any,
    ) -> requests.Response:
        """Send a request with the service's headers and return the successful answer."""
        if options.get("json") is None and "data" not in options:
            own = {k: v for k, v in self.library.connector.header.items() if k.lower() != "content-type"}
        else:
            own = dict(self.library.connector.header)
        with repeatable_write(repeatable) if repeatable is not None else nullcontext():
            url = (self.base if base is None else base) + path
            return self._session.request(method, url, headers=own | dict(headers or {}), **options)

    def post(self, path: str, body: Any, *, accept: str = "application/json", repeatable: bool | None = None) -> Any:
        """POST JSON and return the JSON of the answer, or None for an empty one."""
        response = self.send("POST", path, json=body, headers={"Accept": accept}, repeatable=repeatable)
        return response.json() if response.content else None

    def items(self, path: str, params: Mapping[str, Any] | None = None) -> list[Document]:
        """The `items` of a Flow Service answer."""
        answer = mapping(self.get(path, params), f"{self.title} to {path}")
        return listed(need(answer, "items", f"{self.title} to {path}"), f"{self.title} to {path}")

    def once(self, find: Callable[[], T | None], create: Callable[[], T], what: str) -> T:
        """Find a thing or create it, so that a lost answer never makes a second one.

        After a creation whose outcome is unknown (5xx, reset, timeout) the thing is looked up, several times because
        a new object may take seconds to appear, before it is created again. A refusal because it exists is a find.
        """
        found = find()
        if found is not None:
            return found
        problem: Exception | None = None
        for _ in range(4):
            try:
                return create()
            except (Unavailable, PlatformTimeout, Conflict) as error:
                problem = error
            for delay in (1.0, 2.0, 4.0):
                self._session.sleep(delay)
                found = find()
                if found is not None:
                    return found
            if isinstance(problem, Conflict):
                break
        assert problem is not None
        raise problem

    def soon(self, read: Callable[[], T], tries: int = 6) -> T:
        """Read something that was just created: a NotFound is waited out for about half a minute."""
        for delay in _growing(tries):
            try:
                return read()
            except NotFound:
                self._session.sleep(delay)
        return read()


def _growing(tries: int) -> Iterator[float]:
    yield from (min(10.0, 0.5 * 2**n) for n in range(tries))
