"""Loops over rows: one function of a row number and some arrays, run for every row.

Rows are independent, so threads share them out, in pieces whose number depends on the
shape alone and never on how many threads there are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import prange

from chainrule.kernels import Call
from chainrule.kernels.compile import compiled

PIECE = 1 << 12  # numbers in a piece: some 10 microseconds of exponentials
SERIAL = 4 * PIECE  # numbers below which sharing out costs more than it saves


def pieces(rows: int, size: int) -> int:
    """Into how many pieces `rows` rows of `size` numbers are cut."""
    return 1 if rows * size < SERIAL else max(1, min(rows, rows * size // PIECE))


def over_pieces(piece: Any, name: str = "", stamp: str = "") -> Callable[..., Call]:
    """The loop over `piece`, a compiled function of (t, *arrays), as (cuts, *arrays) -> Call.

    Piece t of two kernels with equal cuts runs on the same thread, so what one of them leaves in a
    core's cache the other finds there (docs/decisions/0010).

    Args:
        piece: does the t-th part of the work.
        name: in the cache; that of `piece` by default.
        stamp: a digest of the source of `piece`, where that stands in no file.
    """

    def named(function: Any) -> Any:
        function.__name__ = function.__qualname__ = f"{name or piece.py_func.__name__}_{function.__name__}"
        return function

    @compiled(stamp=stamp)
    @named
    def alone(cuts, *arrays):  # type: ignore[no-untyped-def]
        for t in range(cuts):
            piece(t, *arrays)

    @compiled(parallel=True, stamp=stamp)
    @named
    def together(cuts, *arrays):  # type: ignore[no-untyped-def]
        for t in prange(cuts):
            piece(np.int64(t), *arrays)  # the loop's own type is another one, for which it would be compiled again

    return lambda cuts, *arrays: Call(alone if cuts == 1 else together, (cuts, *arrays))


def over_rows(row: Any) -> Callable[..., Call]:
    """The loop over `row`, a compiled function of (n, *arrays), as (rows, size, *arrays) -> Call."""

    def named(function: Any) -> Any:
        # The cache tells kernels apart by their names.
        function.__name__ = function.__qualname__ = f"{row.py_func.__name__}_{function.__name__}"
        return function

    @compiled
    @named
    def serial(rows, *arrays):  # type: ignore[no-untyped-def]
        for n in range(rows):
            row(n, *arrays)

    @compiled(parallel=True)
    @named
    def shared(rows, cuts, *arrays):  # type: ignore[no-untyped-def]
        for t in prange(cuts):
            for n in range(t * rows // cuts, (t + 1) * rows // cuts):
                row(np.int64(n), *arrays)  # as above

    def bind(rows: int, size: int, *arrays: Any) -> Call:
        cuts = pieces(rows, size)
        return Call(serial, (rows, *arrays)) if cuts == 1 else Call(shared, (rows, cuts, *arrays))

    return bind
