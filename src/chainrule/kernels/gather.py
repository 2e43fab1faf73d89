"""Rows of an array, converted to the plan's dtype on the way into its memory."""

from __future__ import annotations

from chainrule.kernels.compile import compiled


@compiled
def gather(target, source, rows):  # type: ignore[no-untyped-def]
    """target[i] = source[rows[i]]"""
    for i in range(rows.size):
        row = rows[i]
        for j in range(source.shape[1]):
            target[i, j] = source[row, j]
