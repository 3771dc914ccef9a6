"""Bounded time: how long an answer asks us to wait, and a body that must be there by then."""

from __future__ import annotations

import email.utils
import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import requests
from urllib3.exceptions import ReadTimeoutError

from runner.platform.answers import read_error


class WithinTime:
    """A body that must be there in time: a read timeout alone lets one byte a minute go on for ever.

    Args:
        raw: urllib3's answer.
        until: on `clock`, when reading stops with an error.
    """

    def __init__(self, raw: Any, until: float, clock: Callable[[], float]) -> None:
        self._raw, self._until, self._clock = raw, until, clock

    def stream(self, amount: int, decode_content: bool | None = None) -> Iterator[bytes]:
        """The body in pieces, as `requests` reads it."""
        while chunk := self._raw.read1(amount, decode_content=decode_content):
            if self._clock() > self._until:
                self._raw.close()
                raise ReadTimeoutError(None, "", "the body did not arrive in time")  # type: ignore[arg-type]
            yield chunk

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)


def asked_delay(response: requests.Response) -> float | None:
    """Seconds the service asks to wait: Retry-After (seconds or a date) or Profile's retryAfterMs.

    None where it asks for nothing that can be understood; a moment that has passed is no wait at all.
    """
    header = response.headers.get("Retry-After", "").strip()
    if header:
        seconds = _seconds(header)
    elif response.status_code == 429:
        wait = read_error(response).retry_after_ms
        seconds = wait / 1000 if wait is not None else None
    else:
        seconds = None
    return None if seconds is None or math.isnan(seconds) else max(0.0, seconds)


def _seconds(header: str) -> float | None:
    try:
        return float(header)
    except ValueError:
        pass
    try:
        return email.utils.parsedate_to_datetime(header).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return None
