"""Arrays that are not contiguous, for kernels that take them to be.

A plan's buffers are contiguous, and so kernels flatten them and give BLAS their addresses.
An array from elsewhere gets a copy of its own when it is bound, filled before each run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.kernels import Call, in_turn


def contiguous(bind: Callable[..., Call]) -> Callable[..., Call]:
    """`bind`, but for arrays to read of any strides (those to write must be contiguous)."""

    def wrapped(*arrays: Any, **options: Any) -> Call:
        copies = [(np.empty(x.shape, x.dtype), x) if _strided(x) else None for x in arrays]
        call = bind(*(x if c is None else c[0] for x, c in zip(arrays, copies, strict=True)), **options)
        return in_turn(*(Call(np.copyto, c) for c in copies if c is not None), call)

    return wrapped


def _strided(x: Any) -> bool:
    return x is not None and not x.flags.c_contiguous
