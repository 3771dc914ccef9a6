"""Spark's hash(): Murmur3, 32 bits, over Arrow arrays. NULL leaves the seed as it is.

Text is mixed four bytes at a time and then, unlike the published Murmur3, every remaining byte as a signed number.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

_C1, _C2 = np.uint32(0xCC9E2D51), np.uint32(0x1B873593)


def _rotate(value: Any, bits: int) -> Any:
    return (value << np.uint32(bits)) | (value >> np.uint32(32 - bits))


def _mix(hashed: Any, word: Any) -> Any:
    word = _rotate(word * _C1, 15) * _C2
    return _rotate(hashed ^ word, 13) * np.uint32(5) + np.uint32(0xE6546B64)


def _finish(hashed: Any, length: Any) -> Any:
    hashed = hashed ^ length
    hashed = (hashed ^ (hashed >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    hashed = (hashed ^ (hashed >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return hashed ^ (hashed >> np.uint32(16))


def _keep_seed(hashed: Any, seeds: Any, values: Any) -> Any:
    null = values.is_null().to_numpy(zero_copy_only=False)
    return pa.array(np.where(null, seeds, hashed.view(np.int32)))


def hash_int(values: Any, seeds: Any) -> Any:
    """Hash of 32-bit integers (also booleans and dates)."""
    with np.errstate(over="ignore"):
        words = values.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int32).view(np.uint32)
        return _keep_seed(_finish(_mix(seeds.view(np.uint32), words), np.uint32(4)), seeds, values)


def hash_long(values: Any, seeds: Any) -> Any:
    """Hash of 64-bit integers (also timestamps and the bits of doubles)."""
    with np.errstate(over="ignore"):
        words = values.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64).view(np.uint64)
        low, high = (words & np.uint64(0xFFFFFFFF)).astype(np.uint32), (words >> np.uint64(32)).astype(np.uint32)
        return _keep_seed(_finish(_mix(_mix(seeds.view(np.uint32), low), high), np.uint32(8)), seeds, values)


def hash_bytes(values: Any, seeds: Any) -> Any:
    """Hash of byte strings (text is UTF-8)."""
    values = values.fill_null(b"") if values.null_count == 0 else values
    offsets = np.frombuffer(values.buffers()[1], np.int32)[values.offset : values.offset + len(values) + 1].astype(
        np.int64
    )
    data = np.frombuffer(values.buffers()[2] or b"", np.uint8)
    starts, lengths = offsets[:-1], offsets[1:] - offsets[:-1]
    hashed = seeds.view(np.uint32).copy()
    data = np.concatenate([data, np.zeros(4, np.uint8)])
    with np.errstate(over="ignore"):
        for word in range(int(lengths.max(initial=0)) // 4):
            rows = np.flatnonzero(lengths >= (word + 1) * 4)
            at = starts[rows] + word * 4
            parts = [data[at + shift].astype(np.uint32) << np.uint32(8 * shift) for shift in range(4)]
            hashed[rows] = _mix(hashed[rows], parts[0] | parts[1] | parts[2] | parts[3])
        for tail in range(3):
            rows = np.flatnonzero(lengths % 4 > tail)
            at = starts[rows] + (lengths[rows] // 4) * 4 + tail
            hashed[rows] = _mix(hashed[rows], data[at].view(np.int8).astype(np.int32).view(np.uint32))
        hashed = _finish(hashed, lengths.astype(np.uint32))
    return _keep_seed(hashed, seeds, values)
