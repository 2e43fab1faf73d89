"""Winograd's convolution: 3x3 filters, stride 1, in fewer multiplications.

An output tile of m x m needs an input tile of t x t, t = m + 2.  With constant matrices B, G, A,
and for each of the t x t places a product of matrices over channels:

    U = G w G'                                   of each filter
    V = B' x B                                   of each input tile
    y = A' (sum_c U[., c, f] V[., c]) A          t^2 instead of 9 m^2 multiplications for each m^2 outputs

Backwards each step is the transpose of its own, so that dw and dx need the same D:

    D = A dy A'                                  of each output tile
    dw = G' (sum over tiles V[., c] D[., f]) G
    dx = sum over tiles B (sum_f U[., c, f] D[., f]) B'          tiles overlap, so that shares are added up

For m = 4 that is a quarter of the multiplications, for m = 2 four ninths.  Rounding errors grow by
what the matrices amplify: measured against the formula, at most 2 (m = 2) and 20 (m = 4) times those of
the plain sums, relative to the largest output (tests/test_conv_kernels.py).

Source: Winograd (1980), Arithmetic complexity of computations; Lavin and Gray (2016), arXiv:1509.09308,
with the points 0, 1, -1, (2, -2,) and infinity.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from chainrule.kernels.compile import compiled
from chainrule.kernels.gemm import gemm
from chainrule.kernels.lines import lines
from chainrule.kernels.part import Part
from chainrule.kernels.tile import product

B = {
    2: [[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]],
    4: [[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0], [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1]],
}  # fmt: skip
G = {
    2: [[1, 0, 0], [1 / 2, 1 / 2, 1 / 2], [1 / 2, -1 / 2, 1 / 2], [0, 0, 1]],
    4: [[1 / 4, 0, 0], [-1 / 6, -1 / 6, -1 / 6], [-1 / 6, 1 / 6, -1 / 6], [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6], [0, 0, 1]],
}  # fmt: skip
A = {
    2: [[1, 1, 1, 0], [0, 1, -1, -1]],
    4: [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]],
}
SMALL = 10**6  # multiply-adds up to which BLAS does not copy its operands, and is the faster one
TILES = 64  # tiles in one product: enough to keep BLAS busy, few enough for the cache
LINE = 64  # bytes: planes are kept this far from multiples of a page, or they would share cache lines' places


class Winograd(NamedTuple):
    """The parts for tiles of one size, for flat arrays; `shape` as in kernels/direct.py.

    Args:
        forward: ((y, x, u, b, scratch, shape), (images,)).
        backward: ((total, dx, x, dy, u, scratch, shape), (images, of_w, of_x)); adds to `total` (t^2, C, F) where
            `of_w`, and writes dx where `of_x`.
        filters: ((u, w, scratch), (c, f, start, stop)); U for the channels from `start` to `stop`.
        finish: ((dw, total, scratch), (c, f, start, stop)); dw of total, likewise.
    """

    forward: Part
    backward: Part
    filters: Part
    finish: Part


def tiles(outputs: tuple[int, int], m: int) -> int:
    """Tiles that cover an image."""
    return -(-outputs[0] // m) * -(-outputs[1] // m)


def scratch_numbers(c: int, f: int, m: int) -> int:
    """Numbers of scratch memory that a thread needs."""
    t = m + 2
    return t * t * (TILES * (c + f) + 2 * LINE) + 2 * t * t * max(c, f)


@cache
def winograd(m: int) -> Winograd:
    """The parts for output tiles of m x m."""
    t = m + 2
    along_b, along_g, along_a = lines(np.array(B[m])), lines(np.array(G[m])), lines(np.array(A[m]))
    along_a_turned, along_g_turned = lines(np.array(A[m]).T), lines(np.array(G[m]).T)
    along_b_turned, added_along_b = lines(np.array(B[m]).T), lines(np.array(B[m]).T, add=True)
    by_tiles = product.call

    @compiled(name=f"winograd{m}_patch_at", cached=False)
    def patch_at(patch, image, begin, top, left, size, height, width, c):  # type: ignore[no-untyped-def]
        """A tile of size x size at (top, left) of the image from `begin` on, with zeros for what lies outside."""
        first, last = max(0, -left) * c, max(0, min(size, width - left)) * c
        for r in range(size):
            row, inside = patch[r * size * c : (r + 1) * size * c], 0 <= top + r < height
            start, stop = (first, last) if inside else (size * c, size * c)
            source = image[begin + ((top + r) * width + left) * c + start :]
            for j in range(start):
                row[j] = 0
            for j in range(stop - start):
                row[start + j] = source[j]
            for j in range(stop, size * c):
                row[j] = 0

    @compiled(name=f"winograd{m}_spread", cached=False)
    def spread(v, v_at, image, begin, height, width, c, before_h, before_w, across, first, count, plane, tmp, patch):  # type: ignore[no-untyped-def]
        """V = B' x B for the tiles from `first` on."""
        for p in range(count):
            top, left = (first + p) // across * m - before_h, (first + p) % across * m - before_w
            if top >= 0 and left >= 0 and top + t <= height and left + t <= width:
                along_b(tmp, 0, t * c, image, begin + (top * width + left) * c, width * c, t * c)
            else:
                patch_at(patch, image, begin, top, left, t, height, width, c)
                along_b(tmp, 0, t * c, patch, 0, t * c, t * c)
            for r in range(t):
                along_b(v, v_at + r * t * plane + p * c, plane, tmp, r * t * c, c, c)

    @compiled(name=f"winograd{m}_spread_turned", cached=False)
    def spread_turned(v, v_at, image, begin, height, width, f, across, first, count, plane, tmp, patch):  # type: ignore[no-untyped-def]
        """D = A dy A' for the tiles from `first` on."""
        for p in range(count):
            top, left = (first + p) // across * m, (first + p) % across * m
            if top + m <= height and left + m <= width:
                along_a_turned(tmp, 0, m * f, image, begin + (top * width + left) * f, width * f, m * f)
            else:
                patch_at(patch, image, begin, top, left, m, height, width, f)
                along_a_turned(tmp, 0, m * f, patch, 0, m * f, m * f)
            for r in range(t):
                along_a_turned(v, v_at + r * t * plane + p * f, plane, tmp, r * m * f, f, f)

    @compiled(name=f"winograd{m}_collect", cached=False)
    def collect(image, begin, v, v_at, height, width, f, across, first, count, plane, tmp, patch):  # type: ignore[no-untyped-def]
        """y = A' M A for the tiles from `first` on."""
        for p in range(count):
            top, left = (first + p) // across * m, (first + p) % across * m
            for r in range(t):
                along_a(tmp, r * m * f, f, v, v_at + r * t * plane + p * f, plane, f)
            if top + m <= height and left + m <= width:
                along_a(image, begin + (top * width + left) * f, width * f, tmp, 0, m * f, m * f)
            else:
                along_a(patch, 0, m * f, tmp, 0, m * f, m * f)
                for r in range(min(m, height - top)):
                    at = begin + ((top + r) * width + left) * f
                    for j in range(min(m, width - left) * f):
                        image[at + j] = patch[r * m * f + j]

    @compiled(name=f"winograd{m}_collect_turned", cached=False)
    def collect_turned(  # type: ignore[no-untyped-def]
        image, begin, v, v_at, height, width, c, before_h, before_w, across, first, count, plane, tmp, patch
    ):
        """dx += B P B' for the tiles from `first` on."""
        for p in range(count):
            top, left = (first + p) // across * m - before_h, (first + p) % across * m - before_w
            for r in range(t):
                along_b_turned(tmp, r * t * c, c, v, v_at + r * t * plane + p * c, plane, c)
            if top >= 0 and left >= 0 and top + t <= height and left + t <= width:
                added_along_b(image, begin + (top * width + left) * c, width * c, tmp, 0, t * c, t * c)
            else:
                along_b_turned(patch, 0, t * c, tmp, 0, t * c, t * c)
                start, stop = max(0, -left) * c, max(0, min(t, width - left)) * c
                for r in range(max(0, -top), min(t, height - top)):
                    target = image[begin + ((top + r) * width + left) * c + start :]
                    source = patch[r * t * c + start :]
                    for j in range(stop - start):
                        target[j] += source[j]

    @compiled(name=f"winograd{m}_multiply", cached=False)
    def multiply(turned, rows, columns, depth, a, a_at, b, b_at, beta, y, y_at):  # type: ignore[no-untyped-def]
        """y = a b + beta y, or a' b, of matrices that begin at the places named."""
        if rows * columns * depth <= SMALL:
            wide = rows if turned else depth
            gemm(turned, False, rows, columns, depth, a[a_at:], wide, b[b_at:], columns, beta, y[y_at:], columns)
        else:
            a_row, a_step = (1, rows) if turned else (depth, 1)
            by_tiles(
                (y, y, a, b),
                (
                    rows, columns, int(beta), y_at, columns, y_at, columns, a_at, rows, 0, a_row, 0, 0, a_step,
                    b_at, 0, 0, columns, 1, 1, depth,
                ),
            )  # fmt: skip

    def forward(y, x, u, b, scratch, shape, images):  # type: ignore[no-untyped-def]
        """y (N, H', W', F) from x (N, H, W, C), u (t^2, C, F) and b (F,)."""
        height, width, high, wide, c, f = shape[13], shape[14], shape[16], shape[17], shape[18], shape[19]
        across, down = (wide + m - 1) // m, (high + m - 1) // m
        per_image = across * down
        v_plane, y_plane = TILES * c + LINE, TILES * f + LINE
        v, products = scratch, scratch[t * t * v_plane :]
        tmp = scratch[t * t * (v_plane + y_plane) :]
        patch, zero = tmp[t * t * max(c, f) :], scratch.dtype.type(0)
        together = max(1, TILES // per_image)  # images in one product
        for start in range(0, images, together):
            number = min(together, images - start)
            for first in range(0, per_image, TILES):
                count = min(TILES, per_image - first)
                for k in range(number):
                    spread(
                        v, k * count * c, x, (start + k) * height * width * c, height, width, c, shape[10], shape[11],
                        across, first, count, v_plane, tmp, patch,
                    )  # fmt: skip
                for e in range(t * t):
                    multiply(False, number * count, f, c, v, e * v_plane, u, e * c * f, zero, products, e * y_plane)
                for k in range(number):
                    collect(
                        y, (start + k) * high * wide * f, products, k * count * f, high, wide, f, across, first, count,
                        y_plane, tmp, patch,
                    )  # fmt: skip
            for p in range(start * high * wide, (start + number) * high * wide):
                row = y[p * f : (p + 1) * f]
                for j in range(f):
                    row[j] += b[j]

    def backward(total, dx, x, dy, u, scratch, shape, images, of_w, of_x):  # type: ignore[no-untyped-def]
        """total (t^2, C, F) += the sum over tiles of V' D; dx (N, H, W, C) from D and u (t^2, F, C)."""
        height, width, high, wide, c, f = shape[13], shape[14], shape[16], shape[17], shape[18], shape[19]
        across, down = (wide + m - 1) // m, (high + m - 1) // m
        per_image, size = across * down, height * width * c
        v_plane, d_plane = TILES * c + LINE, TILES * f + LINE
        v, d = scratch, scratch[t * t * v_plane :]
        tmp = scratch[t * t * (v_plane + d_plane) :]
        patch, zero, one = tmp[t * t * max(c, f) :], scratch.dtype.type(0), scratch.dtype.type(1)
        together = max(1, TILES // per_image)
        if of_x:
            for j in range(images * size):
                dx[j] = 0
        for start in range(0, images, together):
            number = min(together, images - start)
            for first in range(0, per_image, TILES):
                count = min(TILES, per_image - first)
                for k in range(number):
                    spread_turned(
                        d, k * count * f, dy, (start + k) * high * wide * f, high, wide, f, across, first, count,
                        d_plane, tmp, patch,
                    )  # fmt: skip
                if of_w:
                    for k in range(number):
                        spread(
                            v, k * count * c, x, (start + k) * size, height, width, c, shape[10], shape[11],
                            across, first, count, v_plane, tmp, patch,
                        )  # fmt: skip
                    for e in range(t * t):
                        multiply(True, c, f, number * count, v, e * v_plane, d, e * d_plane, one, total, e * c * f)
                if of_x:
                    for e in range(t * t):
                        multiply(False, number * count, c, f, d, e * d_plane, u, e * c * f, zero, v, e * v_plane)
                    for k in range(number):
                        collect_turned(
                            dx, (start + k) * size, v, k * count * c, height, width, c, shape[10], shape[11],
                            across, first, count, v_plane, tmp, patch,
                        )  # fmt: skip

    def filters(u, w, scratch, c, f, start, stop):  # type: ignore[no-untyped-def]
        """U = G w G' (t^2, C, F), of w (3, 3, C, F)."""
        for k in range(start, stop):
            for column in range(3):
                along_g(scratch, column * f, 3 * f, w, (column * c + k) * f, 3 * c * f, f)
            for r in range(t):
                along_g(u, (r * t * c + k) * f, c * f, scratch, r * 3 * f, f, f)

    def finish(dw, total, scratch, c, f, start, stop):  # type: ignore[no-untyped-def]
        """dw = G' total G."""
        for k in range(start, stop):
            for column in range(t):
                along_g_turned(scratch, column * f, t * f, total, (column * c + k) * f, t * c * f, f)
            for r in range(3):
                along_g_turned(dw, (r * 3 * c + k) * f, c * f, scratch, r * t * f, f, f)

    return Winograd(
        Part(f"winograd{m}_forward", forward, "rrrrri", 1),
        Part(f"winograd{m}_backward", backward, "rrrrrri", 3),
        Part(f"winograd{m}_filters", filters, "rrr", 4),
        Part(f"winograd{m}_finish", finish, "rrr", 4),
    )
