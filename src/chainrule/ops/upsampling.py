"""upsample: each element of a signal, image or volume several times along each axis."""

from __future__ import annotations

import math

import numpy as np

from chainrule.ops.data_format import check_batch
from chainrule.ops.elementwise import OfNumbers, spread
from chainrule.ops.primitive import Arrays, Example, Specs
from chainrule.ops.windows import Sizes
from chainrule.spec import TensorSpec


def infer(x: TensorSpec, *, size: Sizes) -> Specs:
    """(N, *sizes, C) -> (N, *(n times size), C)"""
    check_batch(x.shape, len(size), "channels_last", "upsample")
    sizes = (None if n is None else n * times for n, times in zip(x.shape[1:-1], size, strict=True))
    return (x.with_shape(x.shape[0], *sizes, x.shape[-1]),)


def forward(x: np.ndarray, *, size: Sizes) -> Arrays:
    """y[n, i, c] = x[n, i // size, c]"""
    for axis, times in enumerate(size, 1):
        x = np.repeat(x, times, axis=axis)
    return (x,)


def vjp(dy: np.ndarray, *, size: Sizes) -> Arrays:
    """dx[n, j, c] = the sum of dy[n, i, c] over all i with i // size = j"""
    n, *sizes, c = dy.shape
    blocks = dy.reshape(n, *(part for m, times in zip(sizes, size, strict=True) for part in (m // times, times)), c)
    return (blocks.sum(axis=tuple(range(2, blocks.ndim - 1, 2))),)


def flops(inputs: Specs, outputs: Specs, *, size: Sizes) -> int:
    """Backwards, an addition for each element of a block."""
    return inputs[0].size * math.prod(size)


def _example(shape: Sizes, *size: int) -> Example:
    return Example(
        lambda rng: {"x": spread(*shape)(rng)}, {"size": size}, id=f"{'x'.join(map(str, shape))}-{size}"
    )


upsample = OfNumbers(
    name="upsample",
    inputs=("x",),
    outputs=("y",),
    infer=infer,
    forward=forward,
    vjp=vjp,
    kernels_at="chainrule.kernels.upsampling:upsample",
    flops=flops,
    examples=(
        _example((2, 3, 4, 3), 2, 2),
        _example((1, 1, 1, 2), 3, 1),
        _example((2, 5, 1), 4),
        _example((1, 2, 1, 3, 2), 2, 3, 1),
    ),
    source="Odena, Dumoulin, Olah (2016), Deconvolution and checkerboard artifacts, doi:10.23915/distill.00003",
)
