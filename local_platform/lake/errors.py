"""What the lake refuses. Services translate these into the documented error of their protocol."""

from __future__ import annotations


class LakeError(Exception):
    """Base of all refusals of the lake."""


class DatasetNotFound(LakeError):
    """No dataset with this id or table name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no dataset or table {name!r}.")
        self.name = name


class TableExists(LakeError):
    """A table or view of this name exists already."""

    def __init__(self, name: str) -> None:
        super().__init__(f"A table or view named {name!r} exists already; choose another name or drop it first.")
        self.name = name


class BatchNotFound(LakeError):
    """No batch with this id."""

    def __init__(self, batch_id: str) -> None:
        super().__init__(f"There is no batch {batch_id!r}.")
        self.batch_id = batch_id


class WrongBatchState(LakeError):
    """The batch is not in a state that allows this.

    Args:
        status: the state it is in.
        wanted: what was attempted.
    """

    def __init__(self, batch_id: str, status: str, wanted: str) -> None:
        super().__init__(f"Batch {batch_id} is {status}; {wanted} is not possible in that state.")
        self.batch_id = batch_id
        self.status = status


class SnapshotNotFound(LakeError):
    """The table has no snapshot with this id."""

    def __init__(self, table: str, snapshot_id: int) -> None:
        super().__init__(f"Table {table!r} has no snapshot {snapshot_id}; list them with history_meta.")
        self.snapshot_id = snapshot_id


class ViewNotFound(LakeError):
    """No view with this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no view {name!r}.")
        self.name = name


class IncompatibleSchema(LakeError):
    """A file's columns do not fit the dataset, or a column to add exists with another type."""
