"""Rows of an array, converted to the plan's dtype on the way into its memory.

Threads share them out as the kernels that read them next do, so each finds its rows in its own cache.
"""

from __future__ import annotations

import numpy as np

from chainrule.kernels import Call
from chainrule.kernels.calls import Piece
from chainrule.kernels.compile import compiled
from chainrule.kernels.dense import MOST
from chainrule.kernels.rows import SERIAL


@compiled(cached=False)
def gather_piece(t, target, source, rows, cuts):  # type: ignore[no-untyped-def]
    """target[i] = source[rows[i]], in the t-th piece of the rows."""
    for i in range(t * rows.size // cuts, (t + 1) * rows.size // cuts):
        to, row = target[i], source[rows[i]]
        for j in range(row.size):
            to[j] = row[j]


_gather = Piece(gather_piece)


def gather(target: np.ndarray, source: np.ndarray, rows: np.ndarray) -> Call:
    """The call that gathers; the source is not kept, and `rows` may be changed between runs."""
    cuts = min(MOST, max(1, len(rows))) if target.size >= SERIAL else 1
    call = _gather(cuts, target.reshape(len(rows), -1), source.reshape(len(source), -1), rows, cuts)
    code, words, arguments = call.keeps
    return call._replace(keeps=(code, words, arguments[0], rows))
