"""Dropout and noise, fast: a group of 1024 words at a time, the groups shared out among threads.

The state is read when the kernel runs, since its step changes after each batch.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.kernels import NO_CALL, Call, Kernels
from chainrule.kernels.compile import compiled
from chainrule.kernels.philox import normal, philox_block, word_at
from chainrule.kernels.rows import over_rows
from chainrule.ops.dropout import SELU_FLOOR, alpha_line, kept_scale
from chainrule.ops.noise import spread_of
from chainrule.ops.philox import GROUP, LANE, dropped_words


@compiled(cached=False)
def mask_group(g, masks, state, dropped):  # type: ignore[no-untyped-def]
    """mask = (word >= dropped), for a group of elements."""
    seed, step, start = np.uint32(state[0]), np.uint32(state[1]), GROUP * g
    mask = masks[start : start + GROUP]
    if mask.size == GROUP:
        m0, m1, m2, m3 = mask[:LANE], mask[LANE : 2 * LANE], mask[2 * LANE : 3 * LANE], mask[3 * LANE :]
        for j in range(LANE):
            a, b, c, d = philox_block(LANE * g + j, seed, step)
            m0[j], m1[j], m2[j], m3[j] = a >= dropped, b >= dropped, c >= dropped, d >= dropped
    else:
        for j in range(mask.size):
            mask[j] = word_at(start + j, seed, step) >= dropped


@compiled(cached=False)
def part(a, g):  # type: ignore[no-untyped-def]
    """Group `g` of an array."""
    return a[GROUP * g : GROUP * (g + 1)]


@compiled(cached=False)
def dropping_group(g, ys, masks, xs, state, dropped, a, b, low):  # type: ignore[no-untyped-def]
    """y = a x + b where kept, else low."""
    mask_group(g, masks, state, dropped)
    y, mask, x = part(ys, g), part(masks, g), part(xs, g)
    for j in range(y.size):
        y[j] = a * x[j] + b if mask[j] else low


@compiled(cached=False)
def dropping_vjp_group(g, dxs, dys, masks, a):  # type: ignore[no-untyped-def]
    dx, dy, mask, zero = part(dxs, g), part(dys, g), part(masks, g), a - a
    for j in range(dx.size):
        dx[j] = a * dy[j] if mask[j] else zero


@compiled(cached=False)
def noise_group(g, ys, xs, state, stddev):  # type: ignore[no-untyped-def]
    y, x, seed, step = part(ys, g), part(xs, g), np.uint32(state[0]), np.uint32(state[1])
    for j in range(y.size):
        y[j] = x[j] + x.dtype.type(stddev * normal(word_at(GROUP * g + j, seed, step)))


@compiled(cached=False)
def noise_vjp_group(g, dxs, dys):  # type: ignore[no-untyped-def]
    part(dxs, g)[:] = part(dys, g)


@compiled(cached=False)
def multiplying_group(g, ys, noises, xs, state, stddev):  # type: ignore[no-untyped-def]
    y, noise, x = part(ys, g), part(noises, g), part(xs, g)
    seed, step = np.uint32(state[0]), np.uint32(state[1])
    for j in range(y.size):
        noise[j] = x.dtype.type(1 + stddev * normal(word_at(GROUP * g + j, seed, step)))
        y[j] = x[j] * noise[j]


@compiled(cached=False)
def multiplying_vjp_group(g, dxs, dys, noises):  # type: ignore[no-untyped-def]
    dx, dy, noise = part(dxs, g), part(dys, g), part(noises, g)
    for j in range(dx.size):
        dx[j] = dy[j] * noise[j]


class _Groups:
    """A loop over groups, bound to arrays of one size and to what every group reads."""

    def __init__(self, group: Any) -> None:
        self._loop = over_rows(group)

    def __call__(self, size: int, *arguments: Any) -> Call:
        flat = (a.reshape(-1) if isinstance(a, np.ndarray) else a for a in arguments)
        return self._loop(-(-size // GROUP), GROUP, *flat)


_mask, _dropping, _dropping_vjp = _Groups(mask_group), _Groups(dropping_group), _Groups(dropping_vjp_group)
_noise, _noise_vjp = _Groups(noise_group), _Groups(noise_vjp_group)
_multiplying, _multiplying_vjp = _Groups(multiplying_group), _Groups(multiplying_vjp_group)


@compiled(cached=False)
def spread_row(n, ys, masks, xs, a, b, low):  # type: ignore[no-untyped-def]
    """y = a x + b where kept, else low, with one mask for all places of a row."""
    y, mask, x = ys[n], masks[n], xs[n]
    if mask.size == 1:  # channels first
        line, source, kept = y.reshape(y.size), x.reshape(x.size), mask[0]
        for p in range(line.size):
            line[p] = a * source[p] + b if kept else low
    else:
        for p in range(y.shape[0]):
            for c in range(y.shape[1]):
                y[p, c] = a * x[p, c] + b if mask[c] else low


_spread = over_rows(spread_row)


def _places(shape: tuple[int, ...], mask: tuple[int, ...]) -> tuple[int, int, int] | None:
    """Sizes of (rows, places, numbers) where the mask (rows, numbers) is repeated along the axes between the two."""
    repeated = [k for k, (n, m) in enumerate(zip(shape, mask, strict=True)) if n != m]
    first, last = min(repeated), max(repeated) + 1
    if any(mask[k] != 1 for k in range(first, last)):
        return None
    return math.prod(shape[:first]), math.prod(shape[first:last]), math.prod(shape[last:])


def _spread_call(y: np.ndarray, x: np.ndarray, mask: np.ndarray, a: Any, b: Any, low: Any) -> Call:
    """y = a x + b where kept, else low, with a mask that is repeated along some axes."""
    sizes = _places(x.shape, mask.shape)
    if sizes is None:
        return Call(_spread_anyhow, (y, x, np.broadcast_to(mask, x.shape), a, b, low))
    rows, places, numbers = sizes
    target, source = (v.reshape(rows, places, numbers) for v in (y, x))
    return _spread(rows, places * numbers, target, mask.reshape(rows, numbers), source, a, b, low)


def _spread_anyhow(target: np.ndarray, x: np.ndarray, kept: np.ndarray, a: Any, b: Any, low: Any) -> None:
    target.fill(low)
    np.multiply(x, a, out=target, where=kept)
    np.add(target, b, out=target, where=kept)


def _one_then_other(one: Call, other: Call) -> None:
    one.run()
    other.run()


def _dropout_kernels(line: Any) -> Kernels:
    """Kernels of a dropout with the line (a, b, value of the dropped) that `line` gives for its rate."""

    def forward(
        y: np.ndarray, mask: np.ndarray, x: np.ndarray, state: np.ndarray, *,
        rate: float, noise_shape: Any = None,
    ) -> Call:
        a, b, low = (x.dtype.type(number) for number in line(rate))
        dropped = np.uint32(dropped_words(rate))
        if mask.shape == x.shape:
            return _dropping(x.size, y, mask, x, state, dropped, a, b, low)
        make_mask = _mask(mask.size, mask, state, dropped)
        return Call(_one_then_other, (make_mask, _spread_call(y, x, mask, a, b, low)))

    def vjp(
        dx: Any, dstate: None, dy: np.ndarray, mask: np.ndarray, *, rate: float, noise_shape: Any = None
    ) -> Call:
        if dx is None:
            return NO_CALL
        a = dy.dtype.type(line(rate)[0])
        if mask.shape == dy.shape:
            return _dropping_vjp(dx.size, dx, dy, mask, a)
        zero = dy.dtype.type(0)
        return _spread_call(dx, dy, mask, a, zero, zero)

    return Kernels(forward, vjp)


def _dropout_line(rate: float) -> tuple[float, float, float]:
    return kept_scale(rate), 0.0, 0.0


def _alpha_line(rate: float) -> tuple[float, float, float]:
    a, b = alpha_line(rate)
    return a, b, a * SELU_FLOOR + b


def _gaussian_noise(y: np.ndarray, x: np.ndarray, state: np.ndarray, *, stddev: float) -> Call:
    return _noise(x.size, y, x, state, float(stddev))


def _gaussian_noise_vjp(dx: Any, dstate: None, dy: np.ndarray, *, stddev: float) -> Call:
    return NO_CALL if dx is None else _noise_vjp(dx.size, dx, dy)


def _gaussian_dropout(
    y: np.ndarray, noise: np.ndarray, x: np.ndarray, state: np.ndarray, *, rate: float
) -> Call:
    return _multiplying(x.size, y, noise, x, state, spread_of(rate))


def _gaussian_dropout_vjp(dx: Any, dstate: None, dy: np.ndarray, noise: np.ndarray, *, rate: float) -> Call:
    return NO_CALL if dx is None else _multiplying_vjp(dx.size, dx, dy, noise)


dropout, alpha_dropout = _dropout_kernels(_dropout_line), _dropout_kernels(_alpha_line)
gaussian_noise = Kernels(_gaussian_noise, _gaussian_noise_vjp)
gaussian_dropout = Kernels(_gaussian_dropout, _gaussian_dropout_vjp)
