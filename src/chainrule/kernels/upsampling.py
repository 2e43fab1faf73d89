"""upsample, fast: sample by sample and row by row, as in `pooling`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.kernels import Call, Kernels
from chainrule.kernels.compile import compiled
from chainrule.kernels.contiguous import contiguous
from chainrule.kernels.pooling import CHEAP, clear, volume
from chainrule.kernels.rows import over_rows
from chainrule.kernels.shape import copies
from chainrule.ops.windows import Sizes


@compiled(cached=False)
def upsample_row(n, ys, xs, size):  # type: ignore[no-untyped-def]
    """One sample: each element size[0] x size[1] x size[2] times."""
    y, x, times, channels = ys[n], xs[n], size[2], xs.shape[4]
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            target, source = y[i, j], x[i // size[0], j // size[1]]
            for w in range(source.shape[0]):
                for k in range(times):
                    for c in range(channels):
                        target[w * times + k, c] = source[w, c]


@compiled(cached=False)
def upsample_vjp_row(n, dxs, dys, size):  # type: ignore[no-untyped-def]
    """One sample: the sum over the repetitions of each element."""
    dx, dy, times, channels = dxs[n], dys[n], size[2], dxs.shape[4]
    for i in range(dx.shape[0]):
        for j in range(dx.shape[1]):
            target = dx[i, j]
            clear(target, 0)
            for a in range(i * size[0], (i + 1) * size[0]):
                for b in range(j * size[1], (j + 1) * size[1]):
                    source = dy[a, b]
                    for w in range(target.shape[0]):
                        for k in range(times):
                            for c in range(channels):
                                target[w, c] += source[w * times + k, c]


_forward, _vjp = over_rows(upsample_row), over_rows(upsample_vjp_row)


def _sizes(size: Sizes) -> np.ndarray:
    """The repetitions along D, H and W."""
    return np.array((1,) * (3 - len(size)) + size, np.int64)


def _upsample(y: np.ndarray, x: np.ndarray, *, size: Sizes) -> Call:
    return _forward(len(x), math.prod(y.shape[1:]) // CHEAP, volume(y), volume(x), _sizes(size))


def _upsample_vjp(dx: Any, dy: np.ndarray, *, size: Sizes) -> Call:
    if dx is None:
        return copies([])
    return _vjp(len(dx), math.prod(dy.shape[1:]) // CHEAP, volume(dx), volume(dy), _sizes(size))


upsample = Kernels(contiguous(_upsample), contiguous(_upsample_vjp))
