"""Loops over rows: one function of a row number and some arrays, run for every row.

Rows are independent, so threads share them out, in pieces whose number depends on the
shape alone and never on how many threads there are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chainrule.kernels import Call
from chainrule.kernels.calls import Piece
from chainrule.kernels.compile import compiled

PIECE = 1 << 12  # numbers in a piece: some 10 microseconds of exponentials
SERIAL = 4 * PIECE  # numbers below which sharing out costs more than it saves


def pieces(rows: int, size: int) -> int:
    """Into how many pieces `rows` rows of `size` numbers are cut."""
    return 1 if rows * size < SERIAL else max(1, min(rows, rows * size // PIECE))


def over_rows(row: Any) -> Callable[..., Call]:
    """The loop over `row`, a compiled function of (n, *arrays), as (rows, size, *arrays) -> Call."""

    @compiled(name=f"{row.py_func.__name__}s", cached=False)
    def some(t, rows, cuts, *arrays):  # type: ignore[no-untyped-def]
        for n in range(t * rows // cuts, (t + 1) * rows // cuts):
            row(n, *arrays)

    work = Piece(some)

    def bind(rows: int, size: int, *arrays: Any) -> Call:
        cuts = pieces(rows, size)
        return work(cuts, rows, cuts, *arrays)

    return bind
