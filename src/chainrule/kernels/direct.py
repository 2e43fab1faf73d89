"""Convolution as products of matrices that are read from the image as it lies there.

The numbers that a window covers in one row of the image are neighbours in memory, so a row of
outputs is a product whose left operand has overlapping rows (kernels/tile.py):

    y     rows: windows along a row,  sums: the window
    dw    rows: the window,           sums: all windows
    dx    rows: windows along a row,  sums: the filters; each element's share is added where it came from

A depthwise convolution is the same with products by column, all groups at once.

Images are (N, D, H, W, C), with axes of size 1 for what a signal or an image does not have.  `shape` holds
the window, strides, dilation, padding in front, input sizes and output sizes, three numbers each, then
C, F and the groups.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from chainrule.kernels.compile import compiled
from chainrule.kernels.part import Part
from chainrule.kernels.tile import product, product_by_column


@compiled(cached=False)
def _padded_sizes(shape):  # type: ignore[no-untyped-def]
    """What all windows cover along each axis."""
    return (
        (shape[15] - 1) * shape[3] + (shape[0] - 1) * shape[6] + 1,
        (shape[16] - 1) * shape[4] + (shape[1] - 1) * shape[7] + 1,
        (shape[17] - 1) * shape[5] + (shape[2] - 1) * shape[8] + 1,
    )


@compiled(cached=False)
def _overlap(size, before, padded):  # type: ignore[no-untyped-def]
    """The elements of an axis that windows cover: from, to."""
    return max(0, -before), min(size, padded - before)


@compiled(cached=False)
def _with_padding(room, x, at, shape):  # type: ignore[no-untyped-def]
    """The image that begins at `at`, amid zeros: where it lies, and where it begins there."""
    d, h, w, c = shape[12], shape[13], shape[14], shape[18]
    deep, high, wide = _padded_sizes(shape)
    if deep == d and high == h and wide == w and shape[9] == 0 and shape[10] == 0 and shape[11] == 0:
        return x, at
    for j in range(deep * high * wide * c):
        room[j] = 0
    k0, k1 = _overlap(d, shape[9], deep)
    i0, i1 = _overlap(h, shape[10], high)
    j0, j1 = _overlap(w, shape[11], wide)
    for k in range(k0, k1):
        for i in range(i0, i1):
            to = (((k + shape[9]) * high + i + shape[10]) * wide + shape[11] + j0) * c
            source = at + ((k * h + i) * w + j0) * c
            for j in range((j1 - j0) * c):
                room[to + j] = x[source + j]
    return room, 0


@compiled(cached=False)
def _without_padding(dx, at, room, shape):  # type: ignore[no-untyped-def]
    """The image from amid its padding; zeros where no window reached."""
    d, h, w, c = shape[12], shape[13], shape[14], shape[18]
    deep, high, wide = _padded_sizes(shape)
    k0, k1 = _overlap(d, shape[9], deep)
    i0, i1 = _overlap(h, shape[10], high)
    j0, j1 = _overlap(w, shape[11], wide)
    for k in range(d):
        for i in range(h):
            to = at + (k * h + i) * w * c
            source = (((k + shape[9]) * high + i + shape[10]) * wide + shape[11]) * c
            seen = k0 <= k < k1 and i0 <= i < i1
            first, last = (j0 * c, j1 * c) if seen else (w * c, w * c)
            for j in range(first):
                dx[to + j] = 0
            for j in range(first, last):
                dx[to + j] = room[source + j]
            for j in range(last, w * c):
                dx[to + j] = 0


class Direct(NamedTuple):
    """The parts, for flat arrays.

    Args:
        product: what they call, and so must be provided first.
        forward: ((y, x, u, scratch, shape), (images,)).
        dw: ((total, x, dy, scratch, shape), (images,)); adds to `total` (window, C / groups, F).
        dx: ((dx, dy, u, scratch, shape), (images,)); u is (window, F / groups, C).
    """

    product: Part
    forward: Part
    dw: Part
    dx: Part


@cache
def direct(depthwise: bool) -> Direct:
    """The parts for convolutions, or for those with one channel and one filter in each group."""
    used = product_by_column if depthwise else product
    multiply = used.call

    def forward(y, x, u, scratch, shape, images):  # type: ignore[no-untyped-def]
        """y (N, D', H', W', F) from x (N, D, H, W, C) and u (window, C / groups, F)."""
        deep, high, wide, c, f, groups = shape[15], shape[16], shape[17], shape[18], shape[19], shape[20]
        window_d, window_h, window_w = shape[0], shape[1], shape[2]
        groups = 1 if depthwise else groups
        c_group, f_group = 1 if depthwise else c // groups, f // groups
        sizes = _padded_sizes(shape)
        row, plane = sizes[2] * c, sizes[1] * sizes[2] * c
        # A window's rows are neighbours in memory where it has all channels and no gaps.
        joined = groups == 1 and shape[8] == 1 and not depthwise
        n_1, n_2 = (1, window_w * c) if joined else (window_w, c_group)
        for n in range(images):
            image, begin = _with_padding(scratch, x, n * shape[12] * shape[13] * shape[14] * c, shape)
            for k in range(deep):
                for i in range(high):
                    for g in range(groups):
                        for kd in range(window_d):
                            multiply(
                                (y, image, u),
                                (
                                    wide, f_group, 1 if kd > 0 else 0,
                                    ((n * deep + k) * high + i) * wide * f + g * f_group, f,
                                    begin + (k * shape[3] + kd * shape[6]) * plane + i * shape[4] * row + g * c_group,
                                    shape[5] * c, shape[7] * row, shape[8] * c, 1,
                                    kd * window_h * window_w * c_group * f + g * f_group,
                                    window_w * c_group * f, c_group * f, f, window_h, n_1, n_2,
                                ),
                            )  # fmt: skip

    def dw(total, x, dy, scratch, shape, images):  # type: ignore[no-untyped-def]
        """total (window, C / groups, F) += the sum over windows of what they cover times dy."""
        deep, high, wide, c, f, groups = shape[15], shape[16], shape[17], shape[18], shape[19], shape[20]
        window_d, window_h, window_w = shape[0], shape[1], shape[2]
        groups = 1 if depthwise else groups
        c_group, f_group = 1 if depthwise else c // groups, f // groups
        sizes = _padded_sizes(shape)
        row, plane = sizes[2] * c, sizes[1] * sizes[2] * c
        joined = groups == 1 and shape[8] == 1 and not depthwise
        parts, rows = (1, window_w * c) if joined else (window_w, c_group)
        for n in range(images):
            image, begin = _with_padding(scratch, x, n * shape[12] * shape[13] * shape[14] * c, shape)
            for kd in range(window_d):
                for kh in range(window_h):
                    for kw in range(parts):
                        for g in range(groups):
                            at = kd * shape[6] * plane + kh * shape[7] * row + kw * shape[8] * c + g * c_group
                            multiply(
                                (total, image, dy),
                                (
                                    rows, f_group, 1,
                                    ((kd * window_h + kh) * window_w + kw) * c_group * f + g * f_group, f,
                                    begin + at, 1, shape[3] * plane, shape[4] * row, shape[5] * c,
                                    n * deep * high * wide * f + g * f_group, high * wide * f, wide * f, f,
                                    deep, high, wide,
                                ),
                            )  # fmt: skip

    def dx(dx, dy, u, scratch, shape, images):  # type: ignore[no-untyped-def]
        """dx (N, D, H, W, C) from dy and u (window, F / groups, C)."""
        deep, high, wide, c, f, groups = shape[15], shape[16], shape[17], shape[18], shape[19], shape[20]
        window_d, window_h, window_w = shape[0], shape[1], shape[2]
        groups = 1 if depthwise else groups
        c_group, f_group = c // groups, 1 if depthwise else f // groups
        sizes = _padded_sizes(shape)
        row, plane = sizes[2] * c, sizes[1] * sizes[2] * c
        for n in range(images):
            for j in range(sizes[0] * plane):
                scratch[j] = 0
            for k in range(deep):
                for i in range(high):
                    for kd in range(window_d):
                        for kh in range(window_h):
                            for kw in range(window_w):
                                at = (
                                    (k * shape[3] + kd * shape[6]) * plane + (i * shape[4] + kh * shape[7]) * row
                                    + kw * shape[8] * c
                                )  # fmt: skip
                                for g in range(groups):
                                    multiply(
                                        (scratch, dy, u),
                                        (
                                            wide, c_group, 1, at + g * c_group, shape[5] * c,
                                            ((n * deep + k) * high + i) * wide * f + g * f_group, f, 0, 0, 1,
                                            ((kd * window_h + kh) * window_w + kw) * f_group * c + g * c_group,
                                            0, 0, c, 1, 1, f_group,
                                        ),
                                    )  # fmt: skip
            _without_padding(dx, n * shape[12] * shape[13] * shape[14] * c, scratch, shape)

    name = "depthwise" if depthwise else "direct"
    return Direct(
        used,
        Part(f"{name}_forward", forward, "rrrri", 1),
        Part(f"{name}_dw", dw, "rrrri", 1),
        Part(f"{name}_dx", dx, "rrrri", 1),
    )
