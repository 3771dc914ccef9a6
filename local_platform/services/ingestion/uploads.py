"""Files on their way into a batch: whole, or in parts that are put together.

staging/{batch}/files/{name}     complete files, under the names the client gave them
staging/{batch}/parts/{digest}/  a large file: `data`, and `state.json` with the ranges that have arrived
staging/{batch}/arriving/        bytes of requests under way
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import threading
from collections.abc import AsyncIterator
from pathlib import Path, PurePosixPath
from typing import Any

from starlette.concurrency import run_in_threadpool

from local_platform.services.ingestion.errors import FileUnknown, InvalidBatch

Json = dict[str, Any]

LARGEST_REQUEST_BYTES = 512 * 1024 * 1024
MOST_FILES = 1_500
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_BUFFER_BYTES = 4 * 1024 * 1024


class Uploads:
    """The files of one batch.

    Args:
        staging: the batch's staging directory.
    """

    _lock = threading.Lock()

    def __init__(self, staging: Path) -> None:
        self._files = staging / "files"
        self._parts = staging / "parts"
        self._arriving = staging / "arriving"

    def complete_files(self) -> list[tuple[str, Path]]:
        """Names and paths of the files that are whole, by name."""
        found = (path for path in self._files.rglob("*") if path.is_file())
        return sorted((path.relative_to(self._files).as_posix(), path) for path in found)

    def unfinished(self) -> list[str]:
        """Names of large files that were not completed."""
        return [json.loads(path.read_text())["name"] for path in sorted(self._parts.glob("*/state.json"))]

    async def receive(self, stream: AsyncIterator[bytes]) -> Path:
        """Write a request's body to disk; the caller moves it to its place.

        Raises:
            InvalidBatch: the body is larger than one request may be.
        """
        self._arriving.mkdir(parents=True, exist_ok=True)
        path = self._arriving / secrets.token_hex(8)
        size, waiting = 0, bytearray()
        try:
            with path.open("wb") as file:
                async for piece in stream:
                    size += len(piece)
                    if size > LARGEST_REQUEST_BYTES:
                        raise InvalidBatch(f"A request holds at most {LARGEST_REQUEST_BYTES} bytes; send parts.")
                    waiting += piece
                    if len(waiting) >= _BUFFER_BYTES:
                        await run_in_threadpool(file.write, bytes(waiting))
                        waiting.clear()
                await run_in_threadpool(file.write, bytes(waiting))
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path

    def put(self, name: str, received: Path) -> None:
        """Make a received file part of the batch; an earlier one of the same name is replaced."""
        target = self._files / checked_name(name)
        with self._lock:
            if not target.exists() and len(self.complete_files()) >= MOST_FILES:
                raise InvalidBatch(f"A batch holds at most {MOST_FILES} files; open another batch.")
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(received, target)

    def begin(self, name: str) -> None:
        """Start a large file, or start it again."""
        directory = self._directory(checked_name(name))
        with self._lock:
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir(parents=True)
            (directory / "data").touch()
            _store(directory, {"name": name, "total": None, "ranges": []})

    def add_part(self, name: str, content_range: str, received: Path) -> str:
        """Put a part in its place; returns what has arrived, as a Range header.

        Raises:
            FileUnknown: the file was not initialised.
            InvalidBatch: the range cannot be read, or does not fit the bytes sent or the size named before.
        """
        match = _RANGE.fullmatch(content_range.strip())
        if match is None:
            raise InvalidBatch(f"Content-Range is {content_range!r}; expected 'bytes 0-1048575/4194304'.")
        start, end, total = (int(part) for part in match.groups())
        size = received.stat().st_size
        if end < start or end >= total or size != end - start + 1:
            raise InvalidBatch(f"Content-Range {content_range!r} does not fit the {size} bytes that were sent.")
        with self._lock:
            directory, state = self._state(name)
            if state["total"] not in (None, total):
                raise InvalidBatch(f"The file was said to have {state['total']} bytes, now {total}.")
            _copy_into(directory / "data", received, start)
            ranges = _united([*state["ranges"], [start, end]])
            _store(directory, {**state, "total": total, "ranges": ranges})
        return _as_header(ranges)

    def finish(self, name: str) -> int:
        """Make a large file part of the batch; returns its size.

        Raises:
            FileUnknown
            InvalidBatch: bytes are missing.
        """
        with self._lock:
            directory, state = self._state(name)
            if state["total"] is None or state["ranges"] != [[0, state["total"] - 1]]:
                arrived = _as_header(state["ranges"]) or "nothing"
                raise InvalidBatch(f"The file {name!r} has gaps: {arrived} of {state['total']} bytes arrived.")
            target = self._files / checked_name(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(directory / "data", target)
            shutil.rmtree(directory)
        return int(state["total"])

    def arrived(self, name: str) -> str:
        """What has arrived of a file, as a Range header.

        Raises:
            FileUnknown
        """
        path = self._files / checked_name(name)
        if path.is_file():
            return f"bytes=0-{max(path.stat().st_size - 1, 0)}"
        with self._lock:
            return _as_header(self._state(name)[1]["ranges"])

    def _directory(self, name: str) -> Path:
        return self._parts / hashlib.sha256(name.encode()).hexdigest()[:32]

    def _state(self, name: str) -> tuple[Path, Json]:
        directory = self._directory(checked_name(name))
        if not (directory / "state.json").exists():
            raise FileUnknown(name)
        state: Json = json.loads((directory / "state.json").read_text())
        return directory, state


def checked_name(name: str) -> str:
    """A file name, maybe with directories, that stays inside the batch.

    Raises:
        InvalidBatch
    """
    parts = PurePosixPath(name).parts
    clean = bool(parts) and not name.startswith("/") and all(part not in ("..", ".") for part in parts)
    if not clean or re.search(r"[\x00-\x1f\x7f\\]", name) or any(len(part.encode()) > 255 for part in parts):
        raise InvalidBatch(f"{name!r} is no file name: use names separated by '/', without '..'.")
    return PurePosixPath(*parts).as_posix()


def _store(directory: Path, state: Json) -> None:
    draft = directory / "state.json.draft"
    draft.write_text(json.dumps(state))
    os.replace(draft, directory / "state.json")


def _copy_into(target: Path, source: Path, start: int) -> None:
    with target.open("r+b") as out, source.open("rb") as part:
        out.seek(start)
        shutil.copyfileobj(part, out, _BUFFER_BYTES)


def _united(ranges: list[list[int]]) -> list[list[int]]:
    """Inclusive ranges, sorted, with touching ones joined."""
    out: list[list[int]] = []
    for start, end in sorted(ranges):
        if out and start <= out[-1][1] + 1:
            out[-1][1] = max(out[-1][1], end)
        else:
            out.append([start, end])
    return out


def _as_header(ranges: list[list[int]]) -> str:
    return "bytes=" + ",".join(f"{start}-{end}" for start, end in ranges) if ranges else ""
