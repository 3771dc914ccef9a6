"""Data Access: the files behind a dataset's batches.

A file is a directory of parts; a part is bytes. Downloads resume by range, and are kept only when the size, the
Parquet marks and the row count are right: the service (and what stands in front of it) can cut a body short, or answer
with an error page where bytes were expected.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from runner.errors import DataError, PlatformError, Unavailable
from runner.platform.documents import Document, inner, listed, mapping, page_of, text, whole
from runner.platform.library import LibraryName
from runner.platform.service import Service

_CHUNK = 1 << 16
"""Small, because what a broken connection had read of a chunk is lost and asked for again."""
_PAGE = 100
_MAGIC = b"PAR1"
_WRONG = "something else than a Parquet file"


@dataclass(frozen=True)
class BatchFile:
    """A file of a batch; `records` and `size` (bytes) as the service states them."""

    id: str
    batch_id: str
    records: int
    size: int


@dataclass(frozen=True)
class FilePart:
    """One downloadable part of a file."""

    file_id: str
    name: str
    length: int


@dataclass(frozen=True)
class DownloadedFile:
    """A part on this machine, checked. `rows` is None for files that are not Parquet."""

    path: Path
    batch_id: str
    rows: int | None
    size: int


class DataAccess(Service):
    """Files of batches, and the diagnostics of failed ones."""

    title = "Data Access"
    library_name: LibraryName = "access"

    def files(self, batch_id: str) -> list[BatchFile]:
        """The files of a batch, all pages.

        Raises:
            NotFound: the batch is unknown, or was replaced while it was read: ask Catalog for its state.
        """
        return [
            BatchFile(
                text(f, "dataSetFileId", "Data Access to a file"),
                batch_id,
                whole(f.get("records")),
                whole(f.get("size")),
            )
            for f in self._all(f"/batches/{batch_id}/files")
        ]

    def parts(self, file_id: str) -> list[FilePart]:
        """The parts of a file, all pages."""
        return [
            FilePart(file_id, text(p, "name", "Data Access to a part"), whole(p.get("length")))
            for p in self._all(f"/files/{file_id}")
        ]

    def download(self, part: FilePart, target: Path, progress: Callable[[int], None] | None = None) -> Path:
        """Download a part to `target`, resuming what an earlier attempt left beside it, and check its size.

        Args:
            progress: called with the number of bytes of each chunk.

        Raises:
            Unavailable: the bytes did not arrive whole in several attempts.
        """
        if target.exists() and target.stat().st_size == part.length and _looks_right(part, target):
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(target.name + ".partial")
        problem = ""
        for attempt in range(8):
            problem = self._bring_closer(part, partial, progress)
            if not problem:
                partial.replace(target)
                return target
            self._session.sleep(min(10.0, 0.2 * 2.0**attempt))
        partial.unlink(missing_ok=True)
        raise Unavailable(
            f"Data Access did not give {part.name} (file {part.file_id}, {part.length} bytes) whole: {problem}.",
            "Run the step again; files that arrived whole are kept.",
            service=self.title,
        )

    def _bring_closer(self, part: FilePart, partial: Path, progress: Callable[[int], None] | None) -> str:
        """One attempt: fetch what is missing; returns what is still wrong, or nothing. Keeps only what can be used."""
        problem = ""
        try:
            have = partial.stat().st_size if partial.exists() else 0
            if have < part.length:
                self._fetch(part, partial, have, progress)
        except requests.RequestException:
            problem = "the connection broke"
        except _NotTheFile as error:
            problem = str(error)
        size = partial.stat().st_size if partial.exists() else 0
        if size == part.length and not problem:
            problem = "" if _looks_right(part, partial) else _WRONG
        elif size < part.length and not problem:
            problem = f"{size} bytes came"
        if size >= part.length and problem:
            partial.unlink()
        return problem

    def download_batch(
        self, batch_id: str, folder: Path, progress: Callable[[int], None] | None = None
    ) -> list[DownloadedFile]:
        """Download every part of a batch into `folder` and check sizes, Parquet marks and row counts.

        Raises:
            DataError: a file is not Parquet, or holds another number of rows than the service states.
        """
        downloaded: list[DownloadedFile] = []
        for number, file in enumerate(self.files(batch_id)):
            parts = [p for p in self.parts(file.id) if p.length > 0]
            rows: list[int | None] = []
            for index, part in enumerate(parts):
                suffix = "".join(Path(part.name).suffixes[-1:])
                target = self.download(part, folder / f"{batch_id}-{number:04d}-{index:03d}{suffix}", progress)
                rows.append(parquet_rows(target) if suffix == ".parquet" else None)
                downloaded.append(DownloadedFile(target, batch_id, rows[-1], part.length))
            counted = sum(r for r in rows if r is not None)
            if None not in rows and file.records and counted != file.records:
                for done in downloaded:
                    done.path.unlink(missing_ok=True)
                raise DataError(
                    f"File {file.id} of batch {batch_id} holds {counted} rows; Data Access states {file.records}.",
                    "Run the step again: it is downloaded anew. If it repeats, the batch itself is damaged.",
                )
        return downloaded

    def row_errors(self, batch_id: str, limit: int = 20) -> list[str]:
        """The first row errors of a failed batch, as texts; empty when there are no diagnostics."""
        found: list[str] = []
        for entry in self._meta(batch_id, "row_errors"):
            name = str(entry.get("name") or "")
            path = name if name.startswith("row_errors") else f"row_errors/{name}"
            body = self.send(
                "GET",
                f"/batches/{batch_id}/meta",
                params={"path": path},
                headers={"Accept": "application/octet-stream"},
            )
            found += _row_errors(body.text)[: limit - len(found)]
            if len(found) >= limit:
                break
        return found

    def preview(self, dataset_id: str) -> list[Document]:
        """The first hundred rows of a dataset."""
        answer = mapping(self.get(f"/datasets/{dataset_id}/preview"), "Data Access to a preview")
        return page_of(answer, "data", "Data Access to a preview")

    def _meta(self, batch_id: str, path: str) -> list[Document]:
        try:
            answer = self.get(f"/batches/{batch_id}/meta", {"path": path})
        except PlatformError:
            return []  # No diagnostics were asked for, or they are older than 30 days.
        return listed(answer.get("data") or [], "Data Access to meta") if isinstance(answer, Mapping) else []

    def _all(self, path: str) -> list[Document]:
        found: list[Document] = []
        start = 0
        while True:
            answer = mapping(self.get(path, {"limit": _PAGE, "start": start}), f"Data Access to {path}")
            items = page_of(answer, "data", f"Data Access to {path}")
            found += items
            total = inner(answer, "_page").get("count")
            if not items or (not _next_start(answer) and len(found) >= whole(total)) or len(items) < _PAGE:
                return found
            start += len(items)

    def _fetch(self, part: FilePart, partial: Path, have: int, progress: Callable[[int], None] | None) -> None:
        headers = {"Accept": "application/octet-stream"} | ({"Range": f"bytes={have}-"} if have else {})
        response = self.send("GET", f"/files/{part.file_id}", params={"path": part.name}, headers=headers, stream=True)
        resumed = response.status_code == 206
        with response:
            if resumed and _range(response) != (have, part.length):
                raise _NotTheFile(f"another range than the one asked for ({response.headers.get('Content-Range')})")
            if not resumed and _length(response) not in (None, part.length):
                raise _NotTheFile(f"{_length(response)} bytes instead of {part.length}")
            with partial.open("r+b" if have else "wb") as out:
                out.seek(have if resumed else 0)
                out.truncate()
                for chunk in response.iter_content(_CHUNK):
                    if out.tell() == 0 and _is_parquet(part) and chunk[:4] != _MAGIC[: len(chunk)]:
                        raise _NotTheFile(_WRONG)
                    out.write(chunk)
                    if out.tell() > part.length:
                        raise _NotTheFile("more bytes than the file has")
                    if progress is not None:
                        progress(len(chunk))


class _NotTheFile(Exception):
    """What came is not (this range of) the file: an error page, another file, too much."""


def _is_parquet(part: FilePart) -> bool:
    return part.name.endswith(".parquet")


def _looks_right(part: FilePart, path: Path) -> bool:
    """Whether a file of the right size has Parquet's marks at both ends (anything goes for other kinds)."""
    return not _is_parquet(part) or _marks(path) == (_MAGIC, _MAGIC)


def _marks(path: Path) -> tuple[bytes, bytes]:
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(max(0, path.stat().st_size - 4))
        return head, file.read(4)


def parquet_rows(path: Path) -> int:
    """The number of rows in a Parquet file.

    Raises:
        DataError: it is not Parquet (for instance an error page saved under a Parquet name).
    """
    import pyarrow.parquet as pq

    head, tail = _marks(path)
    if (head, tail) != (_MAGIC, _MAGIC) or path.stat().st_size < 12:
        raise DataError(
            f"{path.name} is not Parquet: it begins with {head!r} and ends with {tail!r}.",
            f"Delete {path} and run the step again.",
        )
    try:
        return int(pq.ParquetFile(path).metadata.num_rows)
    except OSError as error:
        raise DataError(f"{path.name} cannot be read as Parquet: {error}", f"Delete {path} and try again.") from None


def _range(response: requests.Response) -> tuple[int, int]:
    """`Content-Range: bytes 100-199/200` → (100, 200); (-1, -1) where it cannot be read."""
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
    return (int(found[1]), int(found[2])) if found else (-1, -1)


def _length(response: requests.Response) -> int | None:
    """Content-Length, where it is the length of the file (no compression on the way)."""
    value = response.headers.get("Content-Length", "")
    return int(value) if value.isdigit() and "Content-Encoding" not in response.headers else None


def _next_start(answer: Document) -> str:
    href = str(inner(answer, "_links", "next").get("href") or "")
    return parse_qs(urlsplit(href).query).get("start", [""])[0]


def _row_errors(lines: str) -> list[str]:
    """Newline-delimited JSON, one failed row a line: `{"_errors": [{code, message, path}], ...}`."""
    found = []
    for line in lines.splitlines():
        try:
            row: Any = json.loads(line)
        except ValueError:
            continue
        for error in row.get("_errors", []) if isinstance(row, dict) else []:
            where = f" at {error['path']}" if error.get("path") else ""
            found.append(f"{error.get('code', '')}: {error.get('message', '')}{where}")
    return found
