"""What keeps a function of ours from running or growing without end: it looks up now and then while it works.

The engine interrupts a statement between two pieces of work. One piece is a call of a function for up to 2,048 rows,
and that may take minutes or all memory. So each statement has a number, which the functions get with every call; they
ask whether it is still wanted, and whether the process has room for what they make.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path

_SECONDS = 0.1
_SMALL = 8_000_000
_UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
_STATM = Path("/proc/self/statm")

TOO_LARGE = (
    "The statement makes values that do not fit the memory of the local Query Service; make them shorter or fewer."
)

_numbers = itertools.count(1)
_statements: dict[int, Callable[[], bool]] = {}
_working = threading.local()
_growth = 2 * 10**9
_most = 2 * 10**9


def allow(memory: str) -> None:
    """Set how much the process may grow while statements run: the engine's memory, such as `2GB`, and half as much.

    The engine keeps to its limit by itself and may fill it with what it has read; functions must not fail for that.
    """
    global _growth
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMG]I?B)\s*", memory.upper())
    if found is None:
        raise ValueError(f"{memory!r} is no amount of memory; write it as 2GB.")
    _growth = int(1.5 * float(found[1]) * _UNITS[found[2]])
    _count_from_here()


def begin(unwanted: Callable[[], bool]) -> int:
    """The number of a statement that starts; `unwanted` says whether it shall stop."""
    if not _statements:
        # What earlier statements left with the allocators is used again, so it is no growth.
        _count_from_here()
    number = next(_numbers)
    _statements[number] = unwanted
    return number


def _count_from_here() -> None:
    global _most
    _most = _resident() + _growth


def end(number: int) -> None:
    """The statement is over; safe to call twice."""
    _statements.pop(number, None)


class Work:
    """One call of a function, for the statement of that number; None when there is none."""

    def __init__(self, number: int | None) -> None:
        self._unwanted = _statements.get(number) if number is not None else None
        self._ticks = 0
        self._made = 0
        self.total = 0
        self._look_up = time.monotonic() + _SECONDS

    def __enter__(self) -> Work:
        _working.work = self
        return self

    def __exit__(self, *_: object) -> None:
        _working.work = None

    def step(self) -> None:
        """A piece of work is done."""
        self._ticks += 1
        if self._ticks % 16 == 0 and time.monotonic() > self._look_up:
            self.look_up()

    def made(self, size: int) -> None:
        """So many bytes were made."""
        self._made += size
        self.total += size
        if self._made > _SMALL:
            self._made = 0
            self.look_up()

    def look_up(self) -> None:
        """Stop if nobody wants the statement any more, or memory is used up.

        Raises:
            InterruptedError, ValueError
        """
        self._look_up = time.monotonic() + _SECONDS
        if self._unwanted is not None and self._unwanted():
            raise InterruptedError("The statement was stopped.")
        room(2 * _SMALL)


def tick() -> None:
    """Called by a function in its loops."""
    work = getattr(_working, "work", None)
    if work is not None:
        work.step()


def room(size: int) -> None:
    """Whether so many bytes may be made; a few always may.

    Raises:
        ValueError: the process would become too large.
    """
    if size <= _SMALL or _resident() + size <= _most:
        return
    _give_back()
    if _resident() + size > _most:
        raise ValueError(TOO_LARGE)


def _resident() -> int:
    """Bytes of this process in memory; 0 where the system does not tell."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def _give_back() -> None:
    """What was freed but kept for later goes back to the system, where its library can."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError):
        return
