"""Numbers that stand for rows: 64 bits each, the same for the same values whatever file or batch they came in.

They let two exports be compared, and repeated rows be found, in 16 bytes a row instead of the rows themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Hashes = npt.NDArray[np.uint64]

_ODD = np.uint64(0x9E3779B97F4A7C15)
_NULL = np.uint64(0xD6E8FEB86659FD93)
_SHIFT = np.uint64(29)


def hash_rows(batch: pa.RecordBatch | pa.Table, names: Sequence[str]) -> Hashes:
    """One number per row over the named columns, in that order. Null differs from every value; -0.0 equals 0.0."""
    total = np.zeros(batch.num_rows, dtype=np.uint64)
    for name in names:
        total = _mix(total * _ODD + _column(batch.column(name)))
    return total


def _column(values: pa.Array | pa.ChunkedArray) -> Hashes:
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if isinstance(values, pa.DictionaryArray):
        values = values.dictionary_decode()
    bits = _mix(_bits(values))
    if values.null_count:
        bits = np.where(pc.is_null(values).to_numpy(zero_copy_only=False), _NULL, bits)
    return bits


def _bits(values: pa.Array) -> Hashes:
    kind = values.type
    if pa.types.is_floating(kind):
        numbers = pc.fill_null(values.cast(pa.float64()), 0.0).to_numpy(zero_copy_only=False)
        # Adding zero turns -0.0 into 0.0; every NaN gets one bit pattern.
        return np.where(np.isnan(numbers), np.nan, numbers + 0.0).view(np.uint64)
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        return _integers(values)
    if pa.types.is_timestamp(kind):
        # Instants: files carry them in different units, with and without a zone (always UTC).
        return _integers(values.cast(pa.timestamp("us", tz=kind.tz), safe=False).cast(pa.int64()))
    if pa.types.is_date(kind):
        return _integers(values.cast(pa.date32()).cast(pa.int32()))
    import pandas as pd  # takes as long to load as all that the other commands need

    texts = pc.fill_null(values.cast(pa.string()), "").to_numpy(zero_copy_only=False)
    return np.asarray(pd.util.hash_array(texts.astype(object), categorize=False), dtype=np.uint64)


def _integers(values: pa.Array) -> Hashes:
    whole = pc.fill_null(values.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    return np.ascontiguousarray(whole, dtype=np.int64).view(np.uint64)


def _mix(bits: Hashes) -> Hashes:
    bits = (bits ^ (bits >> _SHIFT)) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(32))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
