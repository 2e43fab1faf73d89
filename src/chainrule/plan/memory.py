"""Places in one arena for buffers that do not live at the same time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

ALIGN = 64  # bytes: a cache line, and the widest vector register


class Lifetime(NamedTuple):
    """When a storage is first written and last read, and how large it is.

    Units:
        first, last: steps, both inclusive; size: bytes.
    """

    first: int
    last: int
    size: int


def aligned(size: int) -> int:
    """`size` rounded up to whole cache lines."""
    return -(-size // ALIGN) * ALIGN


def aligned_zeros(size: int, dtype: Any) -> np.ndarray:
    """A vector of zeros that begins on a cache line, so that threads which share it out share no line."""
    count = size * np.dtype(dtype).itemsize
    memory = np.zeros(count + ALIGN, np.uint8)
    start = -memory.ctypes.data % ALIGN
    return memory[start : start + count].view(dtype)


def place(lifetimes: Sequence[Lifetime]) -> tuple[list[int], int]:
    """Offsets for storages, and the bytes of the arena.

    Largest first, each at the lowest offset that is free for its whole life.

    Example:
        >>> place([Lifetime(0, 1, 64), Lifetime(1, 2, 64), Lifetime(2, 3, 64)])
        ([0, 64, 0], 128)

    Source: Pisarchyk and Lee (2020), arXiv:2001.03288, "greedy by size".
    """
    offsets = [0] * len(lifetimes)
    taken: list[tuple[int, int, Lifetime]] = []
    for k in sorted(range(len(lifetimes)), key=lambda k: (-lifetimes[k].size, k)):
        life = lifetimes[k]
        size, offset = aligned(life.size), 0
        neighbours = (
            (start, length) for start, length, other in taken if other.first <= life.last and life.first <= other.last
        )
        for start, length in sorted(neighbours):
            if start - offset >= size:
                break
            offset = max(offset, start + length)
        offsets[k] = offset
        taken.append((offset, size, life))
    return offsets, max((start + length for start, length, _ in taken), default=0)
