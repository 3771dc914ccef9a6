"""Rows against XDM, column by column: converts what the documents say is converted, and says which rows are wrong.

Everything works on whole Arrow arrays. Only values that a vectorised cast refuses are looked at one by one, and each
distinct one only once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from local_platform import xdm
from local_platform.services.ingestion.casts import cast_leaf, compatible
from local_platform.services.ingestion.errors import CORRUPT_ROW, MISSING_FIELD, UNCLASSIFIED, FileRefused

Json = dict[str, Any]


@dataclass
class Faults:
    """Which rows of a record batch are refused, and why: per reason the rows, the code, the message and the path."""

    rows: int
    found: list[tuple[Any, str, str, str]] = field(default_factory=list)

    def add(self, mask: Any, code: str, message: str, path: str) -> None:
        """Record the rows where the mask is true."""
        if mask.any():
            self.found.append((mask, code, message, path))

    def refused(self) -> Any:
        """Mask of all refused rows."""
        out = np.zeros(self.rows, dtype=bool)
        for mask, _, _, _ in self.found:
            out |= mask
        return out

    def of_row(self, row: int) -> list[Json]:
        """The errors of one row, in the form of the diagnostics files."""
        return [{"code": code, "message": text, "path": path} for mask, code, text, path in self.found if mask[row]]


class Conformer:
    """Checks and converts record batches of one dataset.

    Args:
        resolved: the dataset's schema, resolved.
        columns: the dataset's Arrow schema.
        identity_path: dotted path of the primary identity, or None.
    """

    def __init__(self, resolved: Json, columns: pa.Schema, identity_path: str | None) -> None:
        self._resolved = resolved
        self.columns = columns
        self._identity = identity_path

    def check_columns(self, found: pa.Schema) -> None:
        """Refuse a file whose columns can never fit.

        Raises:
            FileRefused: unknown fields, objects where values are expected, timestamps that are not milliseconds.
        """
        _check_fields(list(found), self._resolved.get("properties", {}), {f.name: f.type for f in self.columns}, "")

    def conform(self, rows: pa.RecordBatch) -> tuple[pa.RecordBatch, Faults]:
        """The batch with the dataset's columns, and the faults; refused rows are still in it, bad values null."""
        faults = Faults(rows.num_rows)
        everywhere = np.arange(rows.num_rows)
        arrays = []
        properties = self._resolved.get("properties", {})
        for column in self.columns:
            index = rows.schema.get_field_index(column.name)
            source = pa.nulls(rows.num_rows, column.type) if index < 0 else rows.column(index)
            arrays.append(
                _convert(source, column.type, properties.get(column.name, {}), column.name, everywhere, faults)
            )
        conformed = pa.RecordBatch.from_arrays(arrays, schema=self.columns)
        self._check_presence(conformed, faults)
        return conformed, faults

    def _check_presence(self, rows: pa.RecordBatch, faults: Faults) -> None:
        for name in self._resolved.get("required", []):
            missing = _mask(pc.is_null(rows.column(name)))
            faults.add(missing, MISSING_FIELD, f"The required field {name} is missing.", name)
        if self._identity is not None:
            value = _at(rows, self._identity)
            empty = _mask(pc.fill_null(pc.equal(value, ""), True))
            text = f"The primary identity {self._identity} is missing or empty."
            faults.add(empty, MISSING_FIELD, text, self._identity)


def _check_fields(found: list[pa.Field], known: Json, types: dict[str, pa.DataType], prefix: str) -> None:
    unknown = [f"{prefix}{child.name}" for child in found if child.name not in types]
    if unknown:
        raise FileRefused(
            UNCLASSIFIED, f"The file has fields that the schema does not have: {', '.join(unknown[:10])}."
        )
    for child in found:
        path, target = f"{prefix}{child.name}", types[child.name]
        if pa.types.is_struct(child.type) and pa.types.is_struct(target):
            inner = known.get(child.name, {}).get("properties", {})
            _check_fields(list(child.type), inner, {f.name: f.type for f in target}, f"{path}.")
        elif pa.types.is_timestamp(child.type) and pa.types.is_timestamp(target) and child.type.unit != "ms":
            raise FileRefused(
                UNCLASSIFIED,
                f"TypeCompatibilityException: {path} is {child.type}; date-times must be TIMESTAMP_MILLIS. "
                "Cast the column to timestamp('ms', tz='UTC') before writing the file.",
            )
        elif not compatible(child.type, target):
            raise FileRefused(
                UNCLASSIFIED, f"TypeCompatibilityException: {path} is {child.type}, which cannot become {target}."
            )


def _convert(source: Any, target: pa.DataType, described: Json, path: str, rows: Any, faults: Faults) -> Any:
    """An array of the target type. `rows` holds, for each element, the row of the batch it belongs to."""
    if pa.types.is_struct(target):
        return _convert_struct(source, target, described, path, rows, faults)
    if pa.types.is_list(target):
        return _convert_list(source, target, described, path, rows, faults)
    if pa.types.is_map(target):
        return source if source.type.equals(target) else source.cast(target)
    converted, bad = cast_leaf(source, target)
    if bad is not None:
        text = f"The value of {path} cannot be converted to {xdm.kind_of(described) if described else target}."
        _blame(bad, rows, faults, CORRUPT_ROW, text, path)
    _check_bounds(converted, described, path, rows, faults)
    return converted


def _convert_struct(source: Any, target: pa.DataType, described: Json, path: str, rows: Any, faults: Faults) -> Any:
    if pa.types.is_null(source.type):
        return pa.nulls(len(source), target)
    absent = source.is_null()
    # flatten() lays the parent's nulls over the children.
    given = dict(zip([child.name for child in source.type], source.flatten(), strict=True))
    properties = described.get("properties", {})
    children = []
    for child in target:
        values = given.get(child.name)
        values = pa.nulls(len(source), child.type) if values is None else values
        children.append(
            _convert(values, child.type, properties.get(child.name, {}), f"{path}.{child.name}", rows, faults)
        )
    present = ~_mask(absent)
    for name in described.get("required", []):
        missing = _mask(children[target.get_field_index(name)].is_null()) & present
        text = f"The required field {path}.{name} is missing."
        _blame(missing, rows, faults, MISSING_FIELD, text, f"{path}.{name}")
    return pa.StructArray.from_arrays(children, fields=list(target), mask=absent)


def _convert_list(source: Any, target: pa.DataType, described: Json, path: str, rows: Any, faults: Faults) -> Any:
    if pa.types.is_null(source.type):
        return pa.nulls(len(source), target)
    offsets = source.offsets.to_numpy().astype(np.int32)
    first, last = (int(offsets[0]), int(offsets[-1])) if len(offsets) else (0, 0)
    owners = np.repeat(rows, np.diff(offsets)) if len(offsets) else rows[:0]
    inner = described.get("items", {})
    values = source.values.slice(first, last - first)
    converted = _convert(values, target.value_type, inner, f"{path}[]", owners, faults)
    return pa.ListArray.from_arrays(pa.array(offsets - first), converted, type=target, mask=source.is_null())


def _check_bounds(values: Any, described: Json, path: str, rows: Any, faults: Faults) -> None:
    """`minimum`, `maximum` and `enum` of a field."""
    numeric = pa.types.is_integer(values.type) or pa.types.is_floating(values.type)
    low, high = described.get("minimum"), described.get("maximum")
    if numeric and isinstance(low, int | float):
        text = f"The value of {path} is below its minimum {low}."
        _blame(_true(pc.less(values, pa.scalar(low))), rows, faults, CORRUPT_ROW, text, path)
    if numeric and isinstance(high, int | float):
        text = f"The value of {path} is above its maximum {high}."
        _blame(_true(pc.greater(values, pa.scalar(high))), rows, faults, CORRUPT_ROW, text, path)
    if isinstance(described.get("enum"), list) and pa.types.is_string(values.type):
        known = pc.is_in(values, value_set=pa.array([str(value) for value in described["enum"]]))
        outside = _mask(pc.and_(pc.invert(known), pc.is_valid(values)))
        _blame(outside, rows, faults, CORRUPT_ROW, f"The value of {path} is not one of its enum.", path)


def _blame(bad: Any, rows: Any, faults: Faults, code: str, text: str, path: str) -> None:
    if bad.any():
        mask = np.zeros(faults.rows, dtype=bool)
        mask[rows[bad]] = True
        faults.add(mask, code, text, path)


def _at(rows: pa.RecordBatch, path: str) -> Any:
    first, *rest = path.split(".")
    value = rows.column(first)
    for part in rest:
        value = pc.struct_field(value, part)
    return value


def _mask(values: Any) -> Any:
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=bool)


def _true(values: Any) -> Any:
    return _mask(pc.fill_null(values, False))
