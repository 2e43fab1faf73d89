"""Pooling, fast: sample by sample, shared out among threads; row by row, with the loop over channels innermost.

Signals and images are volumes (D, H, W, C) with axes of size 1.  A row is (W, C), and stays in the nearest cache
while its windows are gone through: forwards an output row with the input rows it reads, backwards a row of dx with
the output rows that read it, so that dx is written to memory once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.kernels import Call, Kernels
from chainrule.kernels.channels import largest_of_four, to_the_largest_of_two
from chainrule.kernels.compile import compiled
from chainrule.kernels.contiguous import contiguous
from chainrule.kernels.rows import over_rows
from chainrule.kernels.shape import copies
from chainrule.ops.windows import Padding, Sizes, slides

CHEAP = 8  # numbers that cost as much as one of those that `rows` counts, exponentials


@compiled(cached=False)
def within(start, window, size):  # type: ignore[no-untyped-def]
    """Where the window from `start` on begins and ends inside its axis."""
    return max(start, 0), min(start + window, size)


@compiled(cached=False)
def covering(at, window, stride, outputs):  # type: ignore[no-untyped-def]
    """The first of the windows with element `at` of the padded axis, and the first after them."""
    return max(0, (at - window) // stride + 1), min(outputs, at // stride + 1)


@compiled(cached=False)
def having(k, stride, before, size, outputs):  # type: ignore[no-untyped-def]
    """The first of the windows whose k-th element lies inside the axis, and the first after them."""
    return max(0, -((k - before) // stride)), min(outputs, (size - 1 + before - k) // stride + 1)


@compiled(cached=False)
def three(numbers):  # type: ignore[no-untyped-def]
    """An array as a tuple, which loops shared among threads do not take."""
    return numbers[0], numbers[1], numbers[2]


@compiled(cached=False)
def clear(row, first):  # type: ignore[no-untyped-def]
    """Zeros in a row, from the place `first` on."""
    zero, channels = row.dtype.type(0), row.shape[1]
    for w in range(first, row.shape[0]):
        for c in range(channels):
            row[w, c] = zero


# Maximum.


@compiled(cached=False)
def _better(value, record):  # type: ignore[no-untyped-def]
    """Larger, or the first NaN."""
    return (not value <= record) and record == record


@compiled(cached=False)
def _largest_of_four(best, place, upper, lower, count):  # type: ignore[no-untyped-def]
    """The first `count` outputs of a row, whose windows are of 2 x 2, side by side and whole."""
    channels = best.shape[1]
    for o in range(count):
        largest_of_four(best, place, o * channels, upper, lower, 2 * o * channels, channels)


@compiled(cached=False)
def _first_of_each(best, place, x, at, stride, before, done):  # type: ignore[no-untyped-def]
    """An output row, from `done` on, of nothing but the first elements of its windows."""
    for o in range(done, best.shape[0]):
        w, channels = max(o * stride - before, 0), best.shape[1]
        here = place.dtype.type(at + w - (o * stride - before))
        for c in range(channels):
            best[o, c], place[o, c] = x[w, c], here


@compiled(cached=False)
def _larger_of_each(best, place, x, at, window, stride, before, done):  # type: ignore[no-untyped-def]
    """An output row, from `done` on, after one more row of its windows, whose places begin with `at`."""
    for k in range(window):
        here, channels = place.dtype.type(at + k), best.shape[1]
        first, end = having(k, stride, before, x.shape[0], best.shape[0])
        for o in range(max(first, done), end):
            for c in range(channels):
                value, record = x[o * stride + k - before, c], best[o, c]
                better = _better(value, record)
                best[o, c] = value if better else record
                place[o, c] = here if better else place[o, c]


@compiled(cached=False)
def max_pool_sample(y, place, x, window, strides, before):  # type: ignore[no-untyped-def]
    """One sample: the largest in each window, and its place there."""
    quarters = window == (1, 2, 2) and strides == window and before == (0, 0, 0)
    for a in range(y.shape[0]):
        for b in range(y.shape[1]):
            best, where, done = y[a, b], place[a, b], 0
            d, h = a * strides[0] - before[0], b * strides[1] - before[1]
            if quarters and h + 1 < x.shape[1]:
                done = min(y.shape[2], x.shape[2] // 2)
                _largest_of_four(best, where, x[d, h], x[d, h + 1], done)
            if done < y.shape[2]:
                d0, d1 = within(d, window[0], x.shape[0])
                h0, h1 = within(h, window[1], x.shape[1])
                for i in range(d0, d1):
                    for j in range(h0, h1):
                        row, at = x[i, j], ((i - d) * window[1] + j - h) * window[2]
                        if i == d0 and j == h0:
                            _first_of_each(best, where, row, at, strides[2], before[2], done)
                        _larger_of_each(best, where, row, at, window[2], strides[2], before[2], done)


@compiled(cached=False)
def _to_the_largest_of_two(dx, dy, place, at, count):  # type: ignore[no-untyped-def]
    """A row of dx as the first `count` windows read it, of 2 and side by side; in it, places begin with `at`."""
    channels = dx.shape[1]
    for o in range(count):
        to_the_largest_of_two(dx, 2 * o * channels, dy, place, o * channels, channels, at)


@compiled(cached=False)
def _add_to_the_largest(dx, dy, place, at, window, stride, before, done):  # type: ignore[no-untyped-def]
    """A row of dx after one more of the output rows that read it, from `done` on."""
    zero, channels = dx.dtype.type(0), dx.shape[1]
    for k in range(window):
        here = place.dtype.type(at + k)
        first, end = having(k, stride, before, dx.shape[0], dy.shape[0])
        for o in range(max(first, done), end):
            for c in range(channels):
                dx[o * stride + k - before, c] += dy[o, c] if place[o, c] == here else zero


@compiled(cached=False)
def max_pool_vjp_sample(dx, dy, place, window, strides, before):  # type: ignore[no-untyped-def]
    """One sample: dy goes where the largest came from."""
    quarters = window == (1, 2, 2) and strides == window and before == (0, 0, 0)
    for i in range(dx.shape[0]):
        for j in range(dx.shape[1]):
            row, done, d, h = dx[i, j], 0, i + before[0], j + before[1]
            a0, a1 = covering(d, window[0], strides[0], dy.shape[0])
            b0, b1 = covering(h, window[1], strides[1], dy.shape[1])
            if quarters and b0 < b1:
                done = min(dy.shape[2], dx.shape[2] // 2)
                _to_the_largest_of_two(row, dy[i, b0], place[i, b0], h % 2 * 2, done)
            clear(row, done * strides[2])
            if done < dy.shape[2]:
                for a in range(a0, a1):
                    for b in range(b0, b1):
                        at = ((d - a * strides[0]) * window[1] + h - b * strides[1]) * window[2]
                        _add_to_the_largest(
                            row, dy[a, b], place[a, b], at, window[2], strides[2], before[2], done
                        )  # fmt: skip


@compiled(cached=False)
def max_pool_row(n, y, place, x, how):  # type: ignore[no-untyped-def]
    max_pool_sample(y[n], place[n], x[n], three(how[0]), three(how[1]), three(how[2]))


@compiled(cached=False)
def max_pool_vjp_row(n, dx, dy, place, how):  # type: ignore[no-untyped-def]
    max_pool_vjp_sample(dx[n], dy[n], place[n], three(how[0]), three(how[1]), three(how[2]))


# Mean.


@compiled(cached=False)
def _add_of_each(y, x, window, stride, before):  # type: ignore[no-untyped-def]
    """An output row of sums after one more row of its windows."""
    channels = y.shape[1]
    for k in range(window):
        first, end = having(k, stride, before, x.shape[0], y.shape[0])
        for o in range(first, end):
            for c in range(channels):
                y[o, c] += x[o * stride + k - before, c]


@compiled(cached=False)
def average_pool_row(n, ys, xs, how):  # type: ignore[no-untyped-def]
    """One sample: the mean of what each window has inside."""
    y, x, window, strides, before = ys[n], xs[n], three(how[0]), three(how[1]), three(how[2])
    for a in range(y.shape[0]):
        for b in range(y.shape[1]):
            row = y[a, b]
            d0, d1 = within(a * strides[0] - before[0], window[0], x.shape[0])
            h0, h1 = within(b * strides[1] - before[1], window[1], x.shape[1])
            clear(row, 0)
            for i in range(d0, d1):
                for j in range(h0, h1):
                    _add_of_each(row, x[i, j], window[2], strides[2], before[2])
            for o in range(row.shape[0]):
                w0, w1 = within(o * strides[2] - before[2], window[2], x.shape[2])
                scale = y.dtype.type(1) / y.dtype.type((d1 - d0) * (h1 - h0) * (w1 - w0))
                for c in range(row.shape[1]):
                    row[o, c] *= scale


@compiled(cached=False)
def _add_shares(dx, dy, others, window, stride, before):  # type: ignore[no-untyped-def]
    """A row of dx after one more of the output rows that read it, whose windows have `others` rows inside."""
    channels = dx.shape[1]
    for o in range(dy.shape[0]):
        begin, end = within(o * stride - before, window, dx.shape[0])
        scale = dx.dtype.type(1) / dx.dtype.type(others * (end - begin))
        for w in range(begin, end):
            for c in range(channels):
                dx[w, c] += dy[o, c] * scale


@compiled(cached=False)
def average_pool_vjp_row(n, dxs, dys, how):  # type: ignore[no-untyped-def]
    """One sample: dy shared out among the elements of its window."""
    dx, dy, window, strides, before = dxs[n], dys[n], three(how[0]), three(how[1]), three(how[2])
    for i in range(dx.shape[0]):
        for j in range(dx.shape[1]):
            clear(dx[i, j], 0)
            a0, a1 = covering(i + before[0], window[0], strides[0], dy.shape[0])
            b0, b1 = covering(j + before[1], window[1], strides[1], dy.shape[1])
            for a in range(a0, a1):
                for b in range(b0, b1):
                    d0, d1 = within(a * strides[0] - before[0], window[0], dx.shape[0])
                    h0, h1 = within(b * strides[1] - before[1], window[1], dx.shape[1])
                    others = (d1 - d0) * (h1 - h0)
                    _add_shares(dx[i, j], dy[a, b], others, window[2], strides[2], before[2])


# Bound.


def volume(a: np.ndarray) -> np.ndarray:
    """(N, *sizes, C) as (N, D, H, W, C)."""
    n, *sizes, c = a.shape
    return a.reshape(n, *(1,) * (3 - len(sizes)), *sizes, c)


def how_to_slide(sizes: Sizes, window: Sizes, strides: Sizes, padding: Padding) -> np.ndarray:
    """Windows, strides and the padding before, along D, H and W."""
    axes = slides(sizes, window, strides, padding, (1,) * len(window))
    leading = [(1, 1, 0)] * (3 - len(axes))
    return np.array([*leading, *((s.window, s.stride, s.before) for s in axes)], np.int64).T.copy()


def _by_samples(row: Any) -> Callable[..., Call]:
    """The loop over samples: arrays, and how windows slide over the inner sizes."""
    loop = over_rows(row)

    def bind(inputs: np.ndarray, arrays: list[np.ndarray], window: Sizes, strides: Sizes, padding: Padding) -> Call:
        how = how_to_slide(inputs.shape[1:-1], window, strides, padding)
        cost = math.prod(inputs.shape[1:]) * max(1, math.prod(window) // math.prod(strides))
        return loop(len(inputs), cost // CHEAP, *map(volume, arrays), how)

    return bind


_max, _max_vjp, _average, _average_vjp = map(
    _by_samples, (max_pool_row, max_pool_vjp_row, average_pool_row, average_pool_vjp_row)
)


def _max_pool(
    y: np.ndarray, place: np.ndarray, x: np.ndarray, *, window: Sizes, strides: Sizes, padding: Padding
) -> Call:
    return _max(x, [y, place, x], window, strides, padding)


def _max_pool_vjp(
    dx: Any, dy: np.ndarray, place: np.ndarray, *, x_shape: Sizes, window: Sizes, strides: Sizes, padding: Padding
) -> Call:
    return copies([]) if dx is None else _max_vjp(dx, [dx, dy, place], window, strides, padding)


def _average_pool(y: np.ndarray, x: np.ndarray, *, window: Sizes, strides: Sizes, padding: Padding) -> Call:
    return _average(x, [y, x], window, strides, padding)


def _average_pool_vjp(
    dx: Any, dy: np.ndarray, *, x_shape: Sizes, window: Sizes, strides: Sizes, padding: Padding
) -> Call:
    return copies([]) if dx is None else _average_vjp(dx, [dx, dy], window, strides, padding)


max_pool = Kernels(contiguous(_max_pool), contiguous(_max_pool_vjp))
average_pool = Kernels(contiguous(_average_pool), contiguous(_average_pool_vjp))
