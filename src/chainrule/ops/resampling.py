"""resize: images of one size from images of another.

Along each axis output i looks at the place c = (i + 1/2) n / m of the input, pixel j of which covers
j to j + 1, and takes the mean of the pixels around it, weighted by a kernel k of some radius r:

    w_j ∝ k((j + 1/2 - c) / s)        for pixels inside the image;  sum_j w_j = 1

s = 1, or n / m where a smaller image is made with `antialias`: then every pixel of the input counts.  Both
axes together are a linear map of x, and its VJP the transposed one.

Where the two images differ in shape, `fit` says what to do:

    "stretch"   the whole of the input becomes the whole of the output
    "crop"      the largest part of the output's shape does
    "pad"       a frame of `fill_value` gives the input the output's shape
    "center"    the middle is cut out as it is, if the input is large enough; else as "crop"
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from chainrule.errors import ArgumentError, ShapeError, UnknownNameError
from chainrule.ops.primitive import Arrays, Example, Primitive, Specs
from chainrule.spec import TensorSpec, known

FITS = ("stretch", "crop", "pad", "center")
KEYS = -0.5  # the slope at 1 with which cubic convolution is exact for parabolas


def triangle(t: np.ndarray) -> np.ndarray:
    """Linear between neighbours."""
    weight: np.ndarray = np.maximum(0, 1 - abs(t))
    return weight


def cubic(t: np.ndarray) -> np.ndarray:
    """Piecewise cubic and smooth (Keys 1981, with a = -1/2)."""
    t = abs(t)
    near = ((KEYS + 2) * t - (KEYS + 3)) * t * t + 1
    far = KEYS * (((t - 5) * t + 8) * t - 4)
    return np.where(t < 1, near, np.where(t < 2, far, 0))


def lanczos(radius: int) -> Callable[[np.ndarray], np.ndarray]:
    """The sinc of the sampling theorem, under the middle lobe of a wider one (Duchon 1979)."""
    return lambda t: np.where(abs(t) < radius, np.sinc(t) * np.sinc(t / radius), 0)


KERNELS: dict[str, tuple[int, Callable[[np.ndarray], np.ndarray]]] = {
    "bilinear": (1, triangle),
    "bicubic": (2, cubic),
    "lanczos3": (3, lanczos(3)),
    "lanczos5": (5, lanczos(5)),
}
INTERPOLATIONS = ("nearest", *KERNELS)


class Window(NamedTuple):
    """The part of an axis that becomes the output; it begins before 0 where a frame is put around.

    Args:
        start: its first pixel.
        size: how many there are.
    """

    start: int
    size: int


class Taps(NamedTuple):
    """What each output of an axis reads: `weights.shape[1]` neighbours from `first` on.

    Args:
        first: (m,)
        weights: (m, K)
    """

    first: np.ndarray
    weights: np.ndarray


def windows_of(sizes: tuple[int, int], size: tuple[int, int], fit: str) -> tuple[Window, Window]:
    """The windows on height and width of an input of `sizes`."""
    (h, w), (height, width) = sizes, size
    if fit == "center" and h >= height and w >= width:
        return Window((h - height) // 2, height), Window((w - width) // 2, width)
    if fit == "stretch":
        return Window(0, h), Window(0, w)
    tall, wide = w * height // width, h * width // height  # sides of the output's shape that go with w and with h
    if fit == "pad":  # as much on either side
        above, left = (max(h, tall) - h) // 2, (max(w, wide) - w) // 2
        return Window(-above, h + 2 * above), Window(-left, w + 2 * left)
    part = max(min(h, tall), 1), max(min(w, wide), 1)
    return Window((h - part[0]) // 2, part[0]), Window((w - part[1]) // 2, part[1])


@cache
def taps_of(n: int, m: int, window: Window, interpolation: str, antialias: bool) -> Taps:
    """What `m` outputs read of an axis of `n` pixels."""
    start, size = window
    if interpolation == "nearest" or size == m:
        first = start + (2 * np.arange(m) + 1) * size // (2 * m)
        inside = (first >= 0) & (first < n)
        return Taps(np.clip(first, 0, n - 1), inside[:, None].astype(np.float64))
    radius, kernel = KERNELS[interpolation]
    spread = max(size / m, 1.0) if antialias else 1.0
    reach = radius * spread
    center = (np.arange(m) + 0.5) * size / m
    first = np.floor(center - reach + 0.5).astype(np.int64)
    pixels = first[:, None] + np.arange(int(np.ceil(2 * reach)))
    weights = kernel((pixels + 0.5 - center[:, None]) / spread)
    weights = np.where((pixels >= 0) & (pixels < size), weights, 0)
    weights /= weights.sum(axis=1, keepdims=True)
    pixels = pixels + start
    weights = np.where((pixels >= 0) & (pixels < n), weights, 0)  # what falls on the frame is no pixel's
    count = min(n, pixels.shape[1])
    first = np.clip(pixels[:, 0], 0, n - count)
    kept = np.zeros((m, count))
    rows, columns = np.nonzero(weights)
    kept[rows, pixels[rows, columns] - first[rows]] = weights[rows, columns]
    return Taps(first, kept)


def axes_of(
    sizes: tuple[int, int], size: tuple[int, int], interpolation: str, antialias: bool, fit: str
) -> tuple[Taps, Taps]:
    """The taps of height and width."""
    rows, columns = windows_of(sizes, size, fit)
    return (
        taps_of(sizes[0], size[0], rows, interpolation, antialias),
        taps_of(sizes[1], size[1], columns, interpolation, antialias),
    )


def framed(rows: Taps, columns: Taps) -> np.ndarray:
    """(height, width, 1): the share of each output that falls on the frame."""
    inside: np.ndarray = rows.weights.sum(axis=1)[:, None, None] * columns.weights.sum(axis=1)[:, None]
    return 1 - inside


def infer(
    x: TensorSpec, *, size: tuple[int, int], interpolation: str = "bilinear", antialias: bool = False,
    fit: str = "stretch", fill_value: float = 0.0,
) -> Specs:  # fmt: skip
    """(N, H, W, C) -> (N, height, width, C)"""
    if interpolation not in INTERPOLATIONS:
        raise UnknownNameError.of("interpolation", interpolation, INTERPOLATIONS, where="resize")
    if fit not in FITS:
        raise UnknownNameError.of("fit", fit, FITS, where="resize")
    if min(size) < 1:
        raise ArgumentError("an image has at least one pixel", where="resize", expected="1 or more", got=size)
    if len(x.shape) != 4 or 0 in x.shape[1:3]:
        raise ShapeError("not a batch of images", where="resize", expected="(N, H, W, C)", got=x.shape)
    return (x.with_shape(x.shape[0], *size, x.shape[3]),)


def forward(
    x: np.ndarray, *, size: tuple[int, int], interpolation: str = "bilinear", antialias: bool = False,
    fit: str = "stretch", fill_value: float = 0.0,
) -> Arrays:  # fmt: skip
    """y[n, i, j] = sum_k sum_l u[i, k] v[j, l] x[n, k, l] + fill_value (1 - sum_k sum_l u[i, k] v[j, l])"""
    n, h, w, c = x.shape
    rows, columns = axes_of((h, w), size, interpolation, antialias, fit)
    lines = np.zeros((n, size[0], w, c), x.dtype)
    for k, u in enumerate(rows.weights.T.astype(x.dtype)):
        lines += u[:, None, None] * x[:, rows.first + k]
    y = np.zeros((n, *size, c), x.dtype)
    for k, v in enumerate(columns.weights.T.astype(x.dtype)):
        y += v[:, None] * lines[:, :, columns.first + k]
    if fit == "pad":
        y += (fill_value * framed(rows, columns)).astype(x.dtype)
    return (y,)


def vjp(
    dy: np.ndarray, *, x_shape: tuple[int, ...], size: tuple[int, int], interpolation: str = "bilinear",
    antialias: bool = False, fit: str = "stretch", fill_value: float = 0.0,
) -> Arrays:  # fmt: skip
    """dx[n, k, l] = sum_i sum_j u[i, k] v[j, l] dy[n, i, j]"""
    n, h, w, c = x_shape
    rows, columns = axes_of((h, w), size, interpolation, antialias, fit)
    lines = np.zeros((w, n, size[0], c), dy.dtype)  # the axis that is added to comes first
    for k, v in enumerate(columns.weights.T.astype(dy.dtype)):
        np.add.at(lines, columns.first + k, v[:, None, None, None] * np.moveaxis(dy, 2, 0))
    dx = np.zeros((h, n, w, c), dy.dtype)
    for k, u in enumerate(rows.weights.T.astype(dy.dtype)):
        np.add.at(dx, rows.first + k, u[:, None, None, None] * lines.transpose(2, 1, 0, 3))
    return (dx.transpose(1, 0, 2, 3),)


def flops(inputs: Specs, outputs: Specs, **attrs: Any) -> int:
    """A multiplication and an addition for each tap, first of the rows, then of the columns."""
    (_, h, w, _), (n, height, width, c) = known(inputs[0].shape), known(outputs[0].shape)
    rows, columns = axes_of(
        (h, w), attrs["size"], attrs.get("interpolation", "bilinear"), attrs.get("antialias", False),
        attrs.get("fit", "stretch"),
    )  # fmt: skip
    taps: int = rows.weights.shape[1] * w + columns.weights.shape[1] * width
    return 2 * n * height * c * taps


def _example(shape: tuple[int, ...], size: tuple[int, int], **attrs: Any) -> Example:
    return Example(
        lambda rng: {"x": rng.standard_normal(shape)},
        {"size": size, **attrs},
        id="-".join(["x".join(map(str, shape)), "x".join(map(str, size)), *map(str, attrs.values())]),
    )


resize = Primitive(
    name="resize",
    inputs=("x",),
    outputs=("y",),
    infer=infer,
    forward=forward,
    vjp=vjp,
    shapes=("x",),
    kernels_at="chainrule.kernels.resampling:resize",
    flops=flops,
    examples=(
        _example((2, 5, 3, 2), (3, 7)),
        _example((1, 1, 1, 1), (2, 3)),
        _example((3, 4, 6, 1), (1, 1), interpolation="nearest"),
        _example((1, 7, 5, 3), (3, 4), interpolation="bilinear", antialias=True),
        _example((1, 3, 8, 2), (4, 4), fit="crop"),
        _example((1, 3, 8, 2), (5, 4), fit="pad", fill_value=0.5),
        _example((1, 5, 6, 1), (3, 3), fit="center"),
        _example((2, 4, 5, 1), (6, 3), interpolation="bicubic"),
        _example((1, 9, 4, 1), (4, 6), interpolation="lanczos3", antialias=True),
    ),
    source="Keys (1981), Cubic convolution interpolation, IEEE TASSP 29(6); Duchon (1979), Lanczos filtering",
)
