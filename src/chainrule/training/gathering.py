"""From rows of the user's arrays into a plan's memory, converting bytes to floats on the way."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from chainrule.kernels import Call, available
from chainrule.training.data import Rows

COMPILED = "?bBhHiIlLqQfd"  # dtypes that the compiler knows: neither halves nor long doubles
PLAIN = 1 << 14  # numbers up to which NumPy copies faster than threads wake


class Gathering:
    """The way into one array of a plan; made once, and bound again for another source.

    Args:
        target: the plan's array, (samples, ...).

    Example:
        >>> target = np.zeros((2, 3), "float32")
        >>> Gathering(target)(np.arange(12, dtype="uint8").reshape(4, 3), np.array([3, 0]))
        >>> target.tolist()
        [[9.0, 10.0, 11.0], [0.0, 1.0, 2.0]]
    """

    def __init__(self, target: np.ndarray) -> None:
        self.target = target
        self._rows = np.empty(len(target), np.int64)
        self._source: Any = lambda: None  # not kept alive for its next batch
        self._call: Call | None = None

    def __call__(self, source: np.ndarray, rows: Rows) -> None:
        """Copy the named rows, a slice of them, or all."""
        if not isinstance(rows, np.ndarray) and self.target.size <= PLAIN:
            part = source if rows is None else source[rows]
            np.copyto(self.target, part.reshape(self.target.shape), casting="unsafe")
            return
        if self._source() is not source:
            self._call, self._source = self._bound(source), weakref.ref(source)
        if self._call is None:
            part = source[slice(None) if rows is None else rows]
            np.copyto(self.target, part.reshape(self.target.shape), casting="unsafe")
            return
        if isinstance(rows, np.ndarray):
            self._rows[:] = rows
        else:
            first = 0 if rows is None else rows.start
            self._rows[:] = np.arange(first, first + len(self._rows))
        self._call.run()

    def _bound(self, source: np.ndarray) -> Call | None:
        """The kernel, if there is one for arrays like these."""
        target = self.target
        plain = source.dtype.isnative and source.dtype.char in COMPILED and source.flags.c_contiguous
        if not (plain and target.flags.c_contiguous and target.size and available()):
            return None
        from chainrule.kernels.gather import gather

        return gather(target, source, self._rows)
