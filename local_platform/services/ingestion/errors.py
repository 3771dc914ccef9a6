"""Errors of batch ingestion's API, and what makes the service refuse a file or a row."""

from __future__ import annotations

from local_platform.problems import BadRequest, NotFound, PlatformProblem


class InvalidBatch(BadRequest):
    """400: the request does not describe a batch, or the batch is in the wrong state for it."""


class BatchUnknown(NotFound):
    """404: no such batch, or the dataset is not the batch's."""

    def __init__(self, batch_id: str) -> None:
        super().__init__(f"Batch {batch_id} was not found.")


class FileUnknown(NotFound):
    """404: nothing of this name was uploaded."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The file {name!r} was not uploaded to this batch.")


class WrongContentType(PlatformProblem):
    """415: file bytes are sent as application/octet-stream."""

    def __init__(self, seen: str) -> None:
        detail = f"The content type is {seen!r}; send file bytes as application/octet-stream."
        super().__init__(415, "UnsupportedMediaTypeError", detail)


class UrlTooLong(PlatformProblem):
    """414: the path is longer than the service takes."""

    def __init__(self) -> None:
        super().__init__(414, "UriTooLongError", "The URL is longer than 2000 characters.")


class FileRefused(Exception):
    """A whole file cannot be read or does not fit the schema: its batch fails.

    Args:
        code: as in the batch's `errors[].code`.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


# Codes seen in `errors[].code` of failed batches, and in `_errors[].code` of refused rows.
EMPTY_FILE = "106"
NO_CSV_HEADER = "118"
SOME_ROWS = "INGEST-1212-400"
SOME_ROWS_UNSEEN = "INGEST-1211-400"
CORRUPT_ROW = "1401"
MISSING_FIELD = "1555"
UNCLASSIFIED = "0070000017"
