"""How long a call takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def seconds_each(call: Callable[[], Any], blocks: int = 5, block_seconds: float = 0.1) -> list[float]:
    """Seconds of one call, as the mean of each of several blocks of calls.

    Args:
        call: called a few times before anything is measured.
        blocks: how many figures to return.
        block_seconds: how long a block lasts at least.
    """
    for _ in range(3):
        call()
    start = time.perf_counter()
    call()
    repeats = max(1, int(block_seconds / max(time.perf_counter() - start, 1e-7)))
    figures = []
    for _ in range(blocks):
        start = time.perf_counter()
        for _ in range(repeats):
            call()
        figures.append((time.perf_counter() - start) / repeats)
    return figures
