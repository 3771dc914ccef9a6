"""Texts that are counted before they are made, so that none outgrows memory."""

from __future__ import annotations

from local_platform.query_service.compiler.growth import LONGEST_TEXT


def replace(text: str, old: str, new: str) -> str:
    """Every occurrence of `old` replaced; an empty `old` is nowhere.

    Raises:
        ValueError: the result is too long.
    """
    if not old:
        return text
    if len(new) > len(old):
        _check(len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


def join(parts: list[str | None], separator: str) -> str:
    """The parts that are not None, end to end, with the separator between them.

    Raises:
        ValueError: the result is too long.
    """
    kept = [part for part in parts if part is not None]
    _check(sum(map(len, kept)) + len(separator) * max(len(kept) - 1, 0))
    return separator.join(kept)


class Budget:
    """What a text may still grow by.

    Args:
        length: characters it has already.
    """

    def __init__(self, length: int) -> None:
        self._length = length

    def spend(self, piece: str) -> str:
        """The piece, counted.

        Raises:
            ValueError: the text became too long.
        """
        self._length += len(piece)
        _check(self._length)
        return piece


def _check(length: int) -> None:
    if length > LONGEST_TEXT:
        raise ValueError(
            "A text of more than 100 million characters does not fit the memory of the local Query Service; "
            "make it shorter."
        )
