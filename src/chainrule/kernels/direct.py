"""Convolution as products of matrices that are read from the image as it lies there.

The numbers that a window covers in one row of the image are neighbours in memory, so the outputs of an
image are a product whose left operand has overlapping rows (kernels/tile.py):

    y     rows: windows of an image,  sums: the window
    dw    rows: the window,           sums: all windows
    dx    rows: windows along a row,  sums: the filters; each element's share is added where it came from

Where windows move by one place, dx is y of dy with the filters turned round, unless most of that is padding.

A depthwise convolution is the same with products by column, all groups at once.

Images are (N, D, H, W, C), with axes of size 1 for what a signal or an image does not have.  `shape` holds
the window, strides, dilation, padding in front, input sizes and output sizes, three numbers each, then
C, F, the groups, whether dx is y of what is turned round, and whether there is a bias.
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


@compiled(cached=False)
def _turned_round(shape):  # type: ignore[no-untyped-def]
    """The shape of a convolution from that of its adjoint, and the other way round."""
    return (
        shape[0], shape[1], shape[2], shape[3], shape[4], shape[5], shape[6], shape[7], shape[8],
        (shape[0] - 1) * shape[6] - shape[9],
        (shape[1] - 1) * shape[7] - shape[10],
        (shape[2] - 1) * shape[8] - shape[11],
        shape[15], shape[16], shape[17], shape[12], shape[13], shape[14], shape[19], shape[18], shape[20],
    )  # fmt: skip


@compiled(cached=False)
def _finite(u, count):  # type: ignore[no-untyped-def]
    """Whether the first `count` numbers are."""
    others = 0
    for j in range(count):
        others += 0 if u[j] - u[j] == 0 else 1
    return others == 0


class Direct(NamedTuple):
    """The parts, for flat arrays.

    Args:
        product: what they call, and so must be provided first.
        forward: ((y, x, u, b, scratch, shape), (images,)); adds b (F,), if the shape says so.
        dw: ((total, x, dy, scratch, shape), (images,)); adds to `total` (window, C / groups, F).
        dx: ((dx, dy, u, scratch, shape), (images,)); u (window, F / groups, C) and the shape are turned round.
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

    def forward(y, x, u, b, scratch, shape, images):  # type: ignore[no-untyped-def]
        """y (N, D', H', W', F) from x (N, D, H, W, C), u (window, C / groups, F) and b (F,)."""
        deep, high, wide, c, f, groups = shape[15], shape[16], shape[17], shape[18], shape[19], shape[20]
        window_d, window_h, window_w, biased = shape[0], shape[1], shape[2], shape[22]
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
                for g in range(groups):
                    to = (n * deep + k) * high * wide * f + g * f_group
                    for kd in range(window_d):
                        first, add, d_at, d_row = (b, biased, g * f_group, 0) if kd == 0 else (y, 1, to, f)
                        multiply(
                            (y, first, image, u),
                            (
                                high * wide, f_group, add, to, f, d_at, d_row,
                                begin + (k * shape[3] + kd * shape[6]) * plane + g * c_group,
                                wide, shape[4] * row, shape[5] * c, shape[7] * row, shape[8] * c, 1,
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
        # Rows of the product in lines: of a window's elements, or of each one's channels.
        if groups == 1 and shape[8] == 1 and not depthwise:
            parts, lines, line, a_line, a_row = 1, window_h, window_w * c, shape[7] * row, 1
        elif depthwise:
            parts, lines, line, a_line, a_row = 1, window_h, window_w, shape[7] * row, shape[8] * c
        else:
            parts, lines, line, a_line, a_row = window_h, window_w, c_group, shape[8] * c, 1
        for n in range(images):
            image, begin = _with_padding(scratch, x, n * shape[12] * shape[13] * shape[14] * c, shape)
            for kd in range(window_d):
                for kh in range(parts):
                    for g in range(groups):
                        to = (kd * window_h + kh) * window_w * c_group * f + g * f_group
                        multiply(
                            (total, total, image, dy),
                            (
                                lines * line, f_group, 1, to, f, to, f,
                                begin + kd * shape[6] * plane + kh * shape[7] * row + g * c_group,
                                line, a_line, a_row, shape[3] * plane, shape[4] * row, shape[5] * c,
                                n * deep * high * wide * f + g * f_group, high * wide * f, wide * f, f,
                                deep, high, wide,
                            ),
                        )  # fmt: skip

    name = "depthwise" if depthwise else "direct"
    forward_part = Part(f"{name}_forward", forward, "rrrrri", 1)
    convolve = forward_part.call

    def dx(dx, dy, u, scratch, turned, images):  # type: ignore[no-untyped-def]
        """dx (N, D, H, W, C) from dy and u (window, F / groups, C)."""
        shape = _turned_round(turned)
        deep, high, wide, c, f, groups = shape[15], shape[16], shape[17], shape[18], shape[19], shape[20]
        window_d, window_h, window_w = shape[0], shape[1], shape[2]
        groups = 1 if depthwise else groups
        c_group, f_group = c // groups, 1 if depthwise else f // groups
        elements = window_d * window_h * window_w
        # An infinite weight times padding would be NaN where the formula has no such product.
        if turned[21] != 0 and (elements == 1 or _finite(u, elements * f_group * c)):
            convolve((dx, dy, u, u, scratch, turned), (images,))
            return
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
                                element = elements - 1 - ((kd * window_h + kh) * window_w + kw)
                                for g in range(groups):
                                    to = at + g * c_group
                                    multiply(
                                        (scratch, scratch, dy, u),
                                        (
                                            wide, c_group, 1, to, shape[5] * c, to, shape[5] * c,
                                            ((n * deep + k) * high + i) * wide * f + g * f_group, wide, 0, f, 0, 0, 1,
                                            element * f_group * c + g * c_group, 0, 0, c, 1, 1, f_group,
                                        ),
                                    )  # fmt: skip
            _without_padding(dx, n * shape[12] * shape[13] * shape[14] * c, scratch, shape)

    return Direct(used, forward_part, Part(f"{name}_dw", dw, "rrrri", 1), Part(f"{name}_dx", dx, "rrrri", 1))
