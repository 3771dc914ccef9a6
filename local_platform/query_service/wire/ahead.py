"""Encoding one piece of a result while the one before it is on its way."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator
from typing import TypeVar

_T = TypeVar("_T")
_AHEAD = 2


class _Failure:
    def __init__(self, error: BaseException) -> None:
        self.error = error


class _End:
    pass


def ahead(items: Iterator[_T]) -> Generator[_T, None, None]:
    """The same items in the same order, made by a thread that is at most two of them ahead.

    The first item is made by the caller, so that a small result needs no thread. Closing the generator stops the thread
    before it returns; the items' own generator may then be closed by the caller.
    """
    first = next(items, None)
    if first is None:
        return
    yield first
    second = next(items, None)
    if second is None:
        return
    made: queue.Queue[_T | _Failure | _End] = queue.Queue(_AHEAD)
    stopped = threading.Event()
    thread = threading.Thread(target=_make, args=(items, made, stopped), name="sql-encoder", daemon=True)
    thread.start()
    try:
        yield second
        while not isinstance(item := made.get(), _End):
            if isinstance(item, _Failure):
                raise item.error
            yield item
    finally:
        stopped.set()
        while thread.is_alive():
            # Room for the item the thread may be waiting to hand over.
            with_room(made)
            thread.join(0.05)


def with_room(made: queue.Queue[_T | _Failure | _End]) -> None:
    """Take everything out of the queue."""
    while True:
        try:
            made.get_nowait()
        except queue.Empty:
            return


def _make(items: Iterator[_T], made: queue.Queue[_T | _Failure | _End], stopped: threading.Event) -> None:
    try:
        for item in items:
            if stopped.is_set():
                return
            made.put(item)
    except BaseException as error:
        made.put(_Failure(error))
        return
    made.put(_End())
