"""Sketches for approximate distinct counts: HyperLogLog, as text.

A sketch holds the hashes themselves while they are few, and counts them exactly then; beyond that it holds the highest
rank seen of each of K buckets. The text is this service's own: DataSketches' bytes, which Adobe stores, differ.
"""

from __future__ import annotations

import base64
import hashlib
import math
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

_HASH_BITS = 64
LEAST, MOST = 4, 12
"""Of lgConfigK, the base-2 logarithm of the number of buckets."""


@dataclass(frozen=True)
class Sketch:
    """`log_k` is the base-2 logarithm of the number of buckets; `ranks` is empty while `hashes` are kept."""

    log_k: int
    hashes: frozenset[int]
    ranks: bytes = b""


def build(values: Iterable[str | None], log_k: int) -> str:
    """The sketch of some values; NULL does not count."""
    found = (hashlib.blake2b(value.encode(), digest_size=8).digest() for value in values if value is not None)
    return _written(_settled(Sketch(log_k, frozenset(int.from_bytes(digest, "big") for digest in found))))


def merge(texts: Iterable[str | None], mixed: bool) -> str:
    """The sketch of all values of several sketches.

    Args:
        mixed: sketches of different lgConfigK may be merged; the smallest is kept.

    Raises:
        ValueError: they differ and may not, or a text is no sketch.
    """
    sketches = [_read(text) for text in texts if text is not None]
    sizes = sorted({sketch.log_k for sketch in sketches})
    if len(sizes) > 1 and not mixed:
        raise ValueError(
            f"UnsupportedOperationException: the sketches have different lgConfigK ({', '.join(map(str, sizes))}); "
            "pass true as the second argument to merge them."
        )
    log_k = sizes[0] if sizes else MOST
    if not any(sketch.ranks for sketch in sketches):
        hashes = frozenset[int]().union(*(sketch.hashes for sketch in sketches))
        return _written(_settled(Sketch(log_k, hashes)))
    ranks = [max(together) for together in zip(*(_ranks(sketch, log_k) for sketch in sketches), strict=True)]
    return _written(Sketch(log_k, frozenset(), bytes(ranks)))


def estimate(text: str) -> float:
    """How many distinct values went into a sketch.

    Raises:
        ValueError: the text is no sketch.
    """
    sketch = _read(text)
    if not sketch.ranks:
        return float(len(sketch.hashes))
    buckets = 1 << sketch.log_k
    alpha = {16: 0.673, 32: 0.697, 64: 0.709}.get(buckets, 0.7213 / (1 + 1.079 / buckets))
    raw = alpha * buckets**2 / sum(2.0**-rank for rank in sketch.ranks)
    empty = sketch.ranks.count(0)
    return buckets * math.log(buckets / empty) if raw <= 2.5 * buckets and empty else raw


def _settled(sketch: Sketch) -> Sketch:
    """Hashes as long as they take less room than the buckets."""
    if len(sketch.hashes) <= (1 << sketch.log_k) // 8:
        return sketch
    return Sketch(sketch.log_k, frozenset(), _ranks(sketch, sketch.log_k))


def _ranks(sketch: Sketch, log_k: int) -> bytes:
    """The highest rank of each bucket: leading zeros of the rest of a hash, plus one. Buckets fold to fewer ones."""
    ranks = bytearray(1 << log_k)
    rest_bits = _HASH_BITS - log_k
    for value in sketch.hashes:
        bucket, rest = value >> rest_bits, value & ((1 << rest_bits) - 1)
        ranks[bucket] = max(ranks[bucket], rest_bits - rest.bit_length() + 1)
    dropped = sketch.log_k - log_k
    for bucket, rank in enumerate(sketch.ranks):
        low = bucket & ((1 << dropped) - 1)
        # The dropped bits of the bucket's number stood in front of the rest.
        seen = dropped - low.bit_length() + 1 if low else rank + dropped
        ranks[bucket >> dropped] = max(ranks[bucket >> dropped], seen if rank else 0)
    return bytes(ranks)


def _written(sketch: Sketch) -> str:
    packed = b"".join(value.to_bytes(8, "big") for value in sorted(sketch.hashes))
    body = zlib.compress(sketch.ranks) if sketch.ranks else packed
    return base64.b64encode(bytes([sketch.log_k, bool(sketch.ranks)]) + body).decode()


def _read(text: str) -> Sketch:
    try:
        data = base64.b64decode(text, validate=True)
        log_k, dense, body = data[0], data[1], data[2:]
        if dense == 1 and LEAST <= log_k <= MOST:
            ranks = zlib.decompress(body)
            if len(ranks) == 1 << log_k:
                return Sketch(log_k, frozenset(), ranks)
        elif dense == 0 and len(body) % 8 == 0:
            places = range(0, len(body), 8)
            return Sketch(log_k, frozenset(int.from_bytes(body[at : at + 8], "big") for at in places))
    except (ValueError, IndexError, zlib.error):
        pass
    raise ValueError(f"{text[:40]!r} is no sketch of this service.")
