"""Normalizations, fast: memory is read once to add up and once to apply.

Batch and group normalization are one thing here.  The rows of a segment (of the whole batch, or of
one sample) are cut into pieces, and the work is done in phases:

    groups      a table of each channel's numbers (mean, factor, ...), where they are given
    pieces      sums of each channel in a piece, in float64
    groups      the sums of all pieces, in order, and the table that follows from them
    pieces      each number by the table of its channel

so that threads share the work, and the bits do not depend on how many there are.  A row of few channels is
too short for vector registers, so rows are taken end to end until they are `wide`, and so are the tables.

Layer and RMS normalization take row after row, each while it is in the nearest cache.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from chainrule.kernels import Call, Kernels, in_turn
from chainrule.kernels.calls import Piece
from chainrule.kernels.compile import compiled
from chainrule.kernels.contiguous import contiguous
from chainrule.ops.normalization import vjp_inference as formula
from chainrule.spec import TensorSpec, known

WIDE = 512  # numbers in a row of rows: its sums and tables fit into the nearest cache
PIECE = 1 << 14  # least numbers in a piece
MOST = 64  # pieces; each has sums of its own, which are added up afterwards
LEAST = 4  # rows in a piece of a layer normalization, whose sums are as long as a row
SERIAL = 1 << 16  # numbers (some ten microseconds) below which waking other threads costs more than it saves


class Layout(NamedTuple):
    """How the numbers lie, and into how many pieces they are cut.

    Args:
        segments: parts with statistics of their own.
        rows: rows of a segment.
        channels: numbers in a row.
        groups: groups of channels with statistics of their own.
        wide: numbers in a row of rows.
        cuts: pieces of a segment.
    """

    segments: int
    rows: int
    channels: int
    groups: int
    wide: int
    cuts: int

    @property
    def pieces(self) -> int:
        """Pieces of all segments."""
        return self.segments * self.cuts

    @property
    def size(self) -> int:
        """All numbers."""
        return self.segments * self.rows * self.channels


def layout(segments: int, rows: int, channels: int, groups: int) -> Layout:
    """The cuts, which follow from the shape alone."""
    wide = channels * max(1, min(rows, WIDE // max(1, channels)))
    most = min(rows, MOST // max(1, segments), rows * channels // PIECE)
    return Layout(segments, rows, channels, groups, wide, max(1, most))


def of_batch(x: np.ndarray | TensorSpec) -> Layout:
    """One segment, and each channel a group."""
    channels = known(x.shape)[-1]
    return layout(1, x.size // max(1, channels), channels, channels)


def of_samples(x: np.ndarray | TensorSpec, groups: int) -> Layout:
    """Each sample a segment."""
    samples, *positions, channels = known(x.shape)
    return layout(samples, math.prod(positions), channels, groups)


def of_rows(x: np.ndarray | TensorSpec, gamma: np.ndarray | TensorSpec) -> Layout:
    """Rows of the size of gamma."""
    rows = x.size // max(1, gamma.size)
    return Layout(1, rows, gamma.size, 1, gamma.size, max(1, min(MOST, rows // LEAST, x.size // PIECE)))


Phase = Any  # a compiled function of (number of the piece or group, layout, *arrays), or None


def in_phases(name: str, tables: Phase, sums: Phase, merge: Phase, apply: Phase) -> Callable[..., Call]:
    """The phases as one call: (layout, *arrays) -> Call.

    Args:
        name: in the cache.
        tables: for each group.
        sums: for each piece.
        merge: for each group.
        apply: for each piece.
    """

    works = [
        (phase and Piece(phase, f"{name}_{phase.py_func.__name__}"), of_groups)
        for phase, of_groups in ((tables, True), (sums, False), (merge, True), (apply, False))
    ]

    def bind(plan: Layout, *arrays: Any) -> Call:
        shared = plan.size >= SERIAL
        return in_turn(
            *(
                work(plan.groups if of_groups else plan.pieces, tuple(plan), *arrays, shared=shared)
                for work, of_groups in works if work is not None
            )
        )  # fmt: skip

    return bind


def flat(x: np.ndarray, *arrays: np.ndarray | None) -> list[np.ndarray]:
    """The arrays with one axis; an empty array for one that is not wanted, so that all are compiled alike."""
    return [np.empty(0, x.dtype) if a is None else a.reshape(-1) for a in arrays]


def nothing(*arrays: np.ndarray | None) -> Call:
    """The sums over an empty batch."""
    return Call(_zero, tuple(a for a in arrays if a is not None))


def _zero(*arrays: np.ndarray) -> None:
    for a in arrays:
        a[...] = 0


@compiled(cached=False)
def bounds(t, plan):  # type: ignore[no-untyped-def]
    """The segment of the t-th piece, and where the piece begins and ends."""
    _, rows, channels, _, _, cuts = plan
    s, j = t // cuts, t % cuts
    return s, (s * rows + j * rows // cuts) * channels, (s * rows + (j + 1) * rows // cuts) * channels


@compiled(cached=False)
def all_pieces(sums, s, c, plan):  # type: ignore[no-untyped-def]
    """The two sums of channel c over the pieces of a segment."""
    cuts = plan[5]
    first = second = 0.0
    for t in range(s * cuts, (s + 1) * cuts):
        first += sums[t, 0, c]
        second += sums[t, 1, c]
    return first, second


@compiled(cached=False)
def fold(sums, channels):  # type: ignore[no-untyped-def]
    """The sums of a wide row -> the sums of each channel, in its first part."""
    for j in range(channels, sums.size, channels):
        for c in range(channels):
            sums[c] += sums[j + c]


# Batch and group normalization, forwards.  The sums are of x - o and of its square, where o is the segment's first
# row: near the numbers, it leaves little to cancel when the square of the mean is taken away.

MEAN, SCALE, SHIFT, OUTER, INNER, LEVEL, SLOPE = range(7)  # rows of a table


@compiled(cached=False)
def add_two(first, second, origin, x0, x1):  # type: ignore[no-untyped-def]
    for k in range(first.size):
        d0, d1 = np.float64(x0[k]) - origin[k], np.float64(x1[k]) - origin[k]
        first[k] += d0 + d1
        second[k] += d0 * d0 + d1 * d1


@compiled(cached=False)
def add_one(first, second, origin, x):  # type: ignore[no-untyped-def]
    for k in range(x.size):
        d = np.float64(x[k]) - origin[k]
        first[k] += d
        second[k] += d * d


@compiled(cached=False)
def add_moments(t, plan, y, mean, variance, x, gamma, beta, epsilon, sums, table, bends, slope, floor, top):  # type: ignore[no-untyped-def]
    _, rows, channels, _, wide, _ = plan
    s, start, stop = bounds(t, plan)
    first, second, origin = sums[t, 0], sums[t, 1], sums[t, 2]
    top = x[s * rows * channels : (s * rows + 1) * channels]
    for j in range(0, wide, channels):
        for c in range(channels):
            origin[j + c] = np.float64(top[c]) if np.isfinite(top[c]) else 0.0
    for k in range(first.size):
        first[k] = second[k] = 0.0
    pairs = start + (stop - start) // (2 * wide) * (2 * wide)
    for i in range(start, pairs, 2 * wide):
        add_two(first, second, origin, x[i : i + wide], x[i + wide : i + 2 * wide])
    for i in range(pairs, stop, wide):
        add_one(first, second, origin, x[i : min(i + wide, stop)])
    fold(first, channels)
    fold(second, channels)


@compiled(cached=False)
def merge_moments(g, plan, y, mean, variance, x, gamma, beta, epsilon, sums, table, bends, slope, floor, top):  # type: ignore[no-untyped-def]
    """Squares about the channels' means, and of these about the group's (Chan, Golub, LeVeque 1983)."""
    segments, rows, channels, groups, wide, cuts = plan
    size = channels // groups
    for s in range(segments):
        middle = squares = 0.0
        for c in range(g * size, (g + 1) * size):
            first, second = all_pieces(sums, s, c, plan)
            of_channel = sums[s * cuts, 2, c] + first / rows
            sums[s * cuts, 0, c] = of_channel
            middle += of_channel
            squares += second / rows - (first / rows) * (first / rows)
        middle /= size
        for c in range(g * size, (g + 1) * size):
            d = sums[s * cuts, 0, c] - middle
            squares += d * d
        spread = squares / size
        if spread < 0:  # by rounding
            spread = 0.0
        mean[s, g], variance[s, g] = middle, spread
        r = 1 / math.sqrt(spread + epsilon)
        for c in range(g * size, (g + 1) * size):
            for k in range(c, wide, channels):
                table[s, MEAN, k], table[s, SCALE, k], table[s, SHIFT, k] = middle, r * gamma[c], beta[c]


@compiled(cached=False)
def given_moments(g, plan, y, mean, variance, x, gamma, beta, epsilon, sums, table, bends, slope, floor, top):  # type: ignore[no-untyped-def]
    segments, _, channels, groups, wide, _ = plan
    size = channels // groups
    for s in range(segments):
        r = 1 / math.sqrt(np.float64(variance[s, g]) + epsilon)
        for c in range(g * size, (g + 1) * size):
            shift = beta[c] if beta.size else gamma.dtype.type(0)
            for k in range(c, wide, channels):
                table[s, MEAN, k], table[s, SCALE, k], table[s, SHIFT, k] = mean[s, g], r * gamma[c], shift


@compiled(cached=False)
def affine(y, x, mean, scale, shift):  # type: ignore[no-untyped-def]
    for k in range(x.size):
        y[k] = (x[k] - mean[k]) * scale[k] + shift[k]


@compiled(cached=False)
def bent(z, slope, floor, top):  # type: ignore[no-untyped-def]
    """The activation; NaN stays."""
    low = z * slope
    low = floor if low < floor else low
    high = top if z > top else z
    return high if z > 0 else low


@compiled(cached=False)
def bent_affine(y, x, mean, scale, shift, slope, floor, top):  # type: ignore[no-untyped-def]
    for k in range(x.size):
        y[k] = bent((x[k] - mean[k]) * scale[k] + shift[k], slope, floor, top)


@compiled(cached=False)
def apply_table(t, plan, y, mean, variance, x, gamma, beta, epsilon, sums, table, bends, slope, floor, top):  # type: ignore[no-untyped-def]
    s, start, stop = bounds(t, plan)
    rows = table[s]
    for i in range(start, stop, plan[4]):
        end = min(i + plan[4], stop)
        if bends:
            bent_affine(y[i:end], x[i:end], rows[MEAN], rows[SCALE], rows[SHIFT], slope, floor, top)
        else:
            affine(y[i:end], x[i:end], rows[MEAN], rows[SCALE], rows[SHIFT])


by_own_moments = in_phases("normalize", None, add_moments, merge_moments, apply_table)
by_given_moments = in_phases("normalize_given", given_moments, None, None, apply_table)


def bend(activation: Any, number: Any) -> tuple[Any, ...]:
    """An activation of straight pieces: whether there is one, then its slope below 0, its least and its largest value.

    The slope of relu below 0 is that of x itself, cut off by the least value; so minus infinity makes 0.
    """
    name, attrs = activation or (None, ())
    least, largest = number(0 if name in ("relu", "relu6") else -np.inf), number(6 if name == "relu6" else np.inf)
    return name is not None, number(dict(attrs).get("negative_slope", 1)), least, largest


def bind_forward(
    plan: Layout, activation: Any, given: bool, y: np.ndarray, mean: np.ndarray, variance: np.ndarray, x: np.ndarray,
    gamma: np.ndarray, beta: np.ndarray, epsilon: float, workspace: tuple[np.ndarray, ...],
) -> Call:  # fmt: skip
    """The forward pass of a batch or group normalization, by its own moments or by given ones."""
    if x.size == 0:
        return nothing() if given else nothing(mean, variance)
    shape = plan.segments, plan.groups
    phases = by_given_moments if given else by_own_moments
    return phases(
        plan, *flat(x, y), mean.reshape(shape), variance.reshape(shape), *flat(x, x, gamma, beta), float(epsilon),
        *workspace, *bend(activation, x.dtype.type),
    )  # fmt: skip


# Backwards.  With p = sum dy and q = sum dy (x - m), of an activation's dz where there is one:
# dx = outer (inner dy - level - (x - m) slope), whose four numbers each channel has in its table.


@compiled(cached=False)
def before_bend(dy, z, slope, floor, top):  # type: ignore[no-untyped-def]
    """dy f'(z)"""
    zero = slope - slope
    below = dy * slope if floor < zero else zero
    above = dy if z < top or top == np.inf else zero
    return above if z > 0 else below


@compiled(cached=False)
def unbend(dz, dy, x, mean, scale, shift, slope, floor, top):  # type: ignore[no-untyped-def]
    for k in range(x.size):
        dz[k] = before_bend(dy[k], (x[k] - mean[k]) * scale[k] + shift[k], slope, floor, top)


@compiled(cached=False)
def add_products(first, second, dy, x, mean):  # type: ignore[no-untyped-def]
    for k in range(x.size):
        g = np.float64(dy[k])
        first[k] += g
        second[k] += g * (np.float64(x[k]) - np.float64(mean[k]))


@compiled(cached=False)
def sum_products(  # type: ignore[no-untyped-def]
    t, plan, dx, dgamma, dbeta, dy, mean, variance, x, gamma, beta, epsilon, sums, table, spare,
    bends, slope, floor, top,
):  # fmt: skip
    s, start, stop = bounds(t, plan)
    rows = table[s]
    first, second = sums[t, 0], sums[t, 1]
    for k in range(first.size):
        first[k] = second[k] = 0.0
    for i in range(start, stop, plan[4]):
        end = min(i + plan[4], stop)
        dz = spare[t, : end - i] if bends else dy[i:end]  # in the nearest cache; made again where it is needed again
        if bends:
            unbend(dz, dy[i:end], x[i:end], rows[MEAN], rows[SCALE], rows[SHIFT], slope, floor, top)
        add_products(first, second, dz, x[i:end], rows[MEAN])
    fold(first, plan[2])
    fold(second, plan[2])


@compiled(cached=False)
def merge_products(  # type: ignore[no-untyped-def]
    g, plan, dx, dgamma, dbeta, dy, mean, variance, x, gamma, beta, epsilon, sums, table, spare,
    bends, slope, floor, top,
):  # fmt: skip
    segments, rows, channels, groups, wide, cuts = plan
    size = channels // groups
    count = rows * size
    for s in range(segments):
        r = 1 / math.sqrt(np.float64(variance[s, g]) + epsilon)
        along = across = 0.0
        for c in range(g * size, (g + 1) * size):
            p, q = all_pieces(sums, s, c, plan)
            sums[s * cuts, 0, c], sums[s * cuts, 1, c] = p, q * r
            along += gamma[c] * p if size > 1 else p
            across += gamma[c] * (q * r) if size > 1 else q * r
        for c in range(g * size, (g + 1) * size):
            outer, inner = (r, np.float64(gamma[c])) if size > 1 else (r * gamma[c], 1.0)
            for k in range(c, wide, channels):
                table[s, OUTER, k], table[s, INNER, k] = outer, inner
                table[s, LEVEL, k], table[s, SLOPE, k] = along / count, across * r / count
    for c in range(g * size, (g + 1) * size):
        p = q = 0.0
        for s in range(segments):
            p += sums[s * cuts, 0, c]
            q += sums[s * cuts, 1, c]
        if dgamma.size:
            dgamma[c] = q
        if dbeta.size:
            dbeta[c] = p


@compiled(cached=False)
def tables_before(  # type: ignore[no-untyped-def]
    g, plan, dx, dgamma, dbeta, dy, mean, variance, x, gamma, beta, epsilon, sums, table, spare,
    bends, slope, floor, top,
):  # fmt: skip
    given_moments(g, plan, dx, mean, variance, x, gamma, beta, epsilon, sums, table, bends, slope, floor, top)


@compiled(cached=False)
def differences(dx, dy, x, mean, outer, inner, level, slope):  # type: ignore[no-untyped-def]
    for k in range(x.size):
        dx[k] = outer[k] * (inner[k] * dy[k] - level[k] - (x[k] - mean[k]) * slope[k])


@compiled(cached=False)
def bent_differences(dx, dy, x, mean, scale, shift, level, slope, below, floor, top):  # type: ignore[no-untyped-def]
    for k in range(x.size):
        d = x[k] - mean[k]
        dz = before_bend(dy[k], d * scale[k] + shift[k], below, floor, top)
        dx[k] = scale[k] * (dz - level[k] - d * slope[k])


@compiled(cached=False)
def apply_differences(  # type: ignore[no-untyped-def]
    t, plan, dx, dgamma, dbeta, dy, mean, variance, x, gamma, beta, epsilon, sums, table, spare,
    bends, slope, floor, top,
):  # fmt: skip
    if dx.size == 0:
        return
    s, start, stop = bounds(t, plan)
    rows = table[s]
    for i in range(start, stop, plan[4]):
        end = min(i + plan[4], stop)
        if bends:  # after batch normalization, where outer is scale and inner is 1
            bent_differences(
                dx[i:end], dy[i:end], x[i:end], rows[MEAN], rows[SCALE], rows[SHIFT], rows[LEVEL], rows[SLOPE],
                slope, floor, top,
            )  # fmt: skip
        else:
            differences(dx[i:end], dy[i:end], x[i:end], rows[MEAN], rows[OUTER], rows[INNER], rows[LEVEL], rows[SLOPE])


by_both_sums = in_phases("normalize_vjp", tables_before, sum_products, merge_products, apply_differences)


def bind_backward(
    plan: Layout, activation: Any, dx: Any, dgamma: Any, dbeta: Any, dy: np.ndarray, x: np.ndarray,
    gamma: np.ndarray, beta: Any, mean: np.ndarray, variance: np.ndarray, epsilon: float,
    workspace: tuple[np.ndarray, ...],
) -> Call:  # fmt: skip
    """The backward pass of a batch or group normalization by its own moments."""
    if x.size == 0:
        return nothing(dx, dgamma, dbeta)
    shape = plan.segments, plan.groups
    return by_both_sums(
        plan, *flat(x, dx, dgamma, dbeta, dy), mean.reshape(shape), variance.reshape(shape),
        *flat(x, x, gamma, beta), float(epsilon), *workspace, *bend(activation, x.dtype.type),
    )  # fmt: skip


def room(plan: Layout, dtype: np.dtype[Any], sums: int, tables: int) -> tuple[TensorSpec, ...]:
    """Scratch memory: sums of each piece, and tables of each segment."""
    of_sums = TensorSpec((plan.pieces, sums, plan.wide), np.dtype(np.float64))
    return of_sums, TensorSpec((plan.segments, tables, plan.wide), dtype)


def room_backwards(plan: Layout, dtype: np.dtype[Any]) -> tuple[TensorSpec, ...]:
    """The same, and a row for each piece."""
    return *room(plan, dtype, sums=2, tables=7), TensorSpec((plan.pieces, plan.wide), dtype)


# Batch normalization.


def forward_batch(
    y: Any, mean: Any, variance: Any, x: Any, gamma: Any, beta: Any, *, epsilon: float, activation: Any = None,
    workspace: Any = (),
) -> Call:  # fmt: skip
    return bind_forward(of_batch(x), activation, False, y, mean, variance, x, gamma, beta, epsilon, workspace)


def vjp_batch(
    dx: Any, dgamma: Any, dbeta: Any, dy: Any, x: Any, gamma: Any, mean: Any, variance: Any, *, epsilon: float,
    workspace: Any = (),
) -> Call:  # fmt: skip
    plan = of_batch(x)
    return bind_backward(plan, None, dx, dgamma, dbeta, dy, x, gamma, None, mean, variance, epsilon, workspace)


def vjp_batch_activation(
    dx: Any, dgamma: Any, dbeta: Any, dy: Any, x: Any, gamma: Any, beta: Any, mean: Any, variance: Any, *,
    epsilon: float, activation: Any, workspace: Any = (),
) -> Call:  # fmt: skip
    plan = of_batch(x)
    return bind_backward(plan, activation, dx, dgamma, dbeta, dy, x, gamma, beta, mean, variance, epsilon, workspace)


def room_forward(x: TensorSpec, *others: TensorSpec, **attrs: Any) -> tuple[TensorSpec, ...]:
    return room(of_batch(x), x.dtype, sums=3, tables=3)


def room_backward(x: TensorSpec, *others: TensorSpec, **attrs: Any) -> tuple[TensorSpec, ...]:
    return room_backwards(of_batch(x), x.dtype)


batch_norm = Kernels(contiguous(forward_batch), contiguous(vjp_batch), room_forward, room_backward)
batch_norm_activation = Kernels(
    contiguous(forward_batch), contiguous(vjp_batch_activation), room_forward, room_backward
)


def forward_inference(
    y: Any, x: Any, mean: Any, variance: Any, gamma: Any, beta: Any, *, epsilon: float, activation: Any = None,
    workspace: Any = (),
) -> Call:  # fmt: skip
    return bind_forward(of_batch(x), activation, True, y, mean, variance, x, gamma, beta, epsilon, workspace)


def vjp_inference(
    dx: Any, dmean: Any, dvariance: Any, dgamma: Any, dbeta: Any, dy: Any, x: Any, mean: Any, variance: Any,
    gamma: Any, *, epsilon: float, workspace: Any = (),
) -> Call:  # fmt: skip
    """dx is dy times one factor for each channel, which is the forward pass with mean and shift 0."""
    others = (dmean, dvariance, dgamma, dbeta)
    if any(d is not None for d in others):
        return Call(_vjp_formula, (dx, others, dy, x, mean, variance, gamma, epsilon))
    zero = np.zeros_like(gamma)
    return forward_inference(dx, dy, zero, variance, gamma, zero, epsilon=epsilon, workspace=workspace)


def _vjp_formula(
    dx: Any, others: tuple[Any, ...], dy: Any, x: Any, mean: Any, variance: Any, gamma: Any, epsilon: float
) -> None:
    results = formula(dy, x=x, mean=mean, variance=variance, gamma=gamma, epsilon=epsilon)
    for target, result in zip((dx, *others), results, strict=True):
        if target is not None:
            target[...] = result


def room_inference(x: TensorSpec, *others: TensorSpec, **attrs: Any) -> tuple[TensorSpec, ...]:
    return room(of_batch(x), x.dtype, sums=0, tables=3)


batch_norm_inference = Kernels(
    contiguous(forward_inference), contiguous(vjp_inference), room_inference, room_inference
)


# Group normalization.


def forward_group(
    y: Any, mean: Any, variance: Any, x: Any, gamma: Any, beta: Any, *, groups: int, epsilon: float,
    workspace: Any = (),
) -> Call:  # fmt: skip
    return bind_forward(of_samples(x, groups), None, False, y, mean, variance, x, gamma, beta, epsilon, workspace)


def vjp_group(
    dx: Any, dgamma: Any, dbeta: Any, dy: Any, x: Any, gamma: Any, mean: Any, variance: Any, *, groups: int,
    epsilon: float, workspace: Any = (),
) -> Call:  # fmt: skip
    plan = of_samples(x, groups)
    return bind_backward(plan, None, dx, dgamma, dbeta, dy, x, gamma, None, mean, variance, epsilon, workspace)


def room_forward_group(x: TensorSpec, *others: TensorSpec, groups: int, epsilon: float) -> tuple[TensorSpec, ...]:
    return room(of_samples(x, groups), x.dtype, sums=3, tables=3)


def room_backward_group(x: TensorSpec, *others: TensorSpec, groups: int, epsilon: float) -> tuple[TensorSpec, ...]:
    return room_backwards(of_samples(x, groups), x.dtype)


group_norm = Kernels(contiguous(forward_group), contiguous(vjp_group), room_forward_group, room_backward_group)


# Layer normalization, and RMS normalization, whose mean is None.


@compiled(cached=False, reorder=True)
def mean_of_row(x):  # type: ignore[no-untyped-def]
    total = 0.0
    for k in range(x.size):
        total += np.float64(x[k])
    return total / x.size


@compiled(cached=False, reorder=True)
def mean_square_of_row(x, mean):  # type: ignore[no-untyped-def]
    total = 0.0
    for k in range(x.size):
        d = np.float64(x[k]) - mean
        total += d * d
    return total / x.size


@compiled(cached=False)
def normalize_row(y, x, mean, r, gamma, beta):  # type: ignore[no-untyped-def]
    if beta.size:
        for k in range(x.size):
            y[k] = (x[k] - mean) * r * gamma[k] + beta[k]
    else:
        for k in range(x.size):
            y[k] = x[k] * r * gamma[k]


@compiled(cached=False)
def normalize_rows(t, plan, y, mean, variance, x, gamma, beta, epsilon):  # type: ignore[no-untyped-def]
    rows, cuts = plan[1], plan[5]
    for n in range(t * rows // cuts, (t + 1) * rows // cuts):
        middle = mean_of_row(x[n]) if mean.size else 0.0
        square = mean_square_of_row(x[n], middle)
        r = 1 / math.sqrt(square + epsilon)
        if mean.size:
            mean[n] = middle
        variance[n] = square
        normalize_row(y[n], x[n], x.dtype.type(middle), x.dtype.type(r), gamma, beta)


@compiled(cached=False, reorder=True)
def sums_of_row(dy, x, gamma, mean):  # type: ignore[no-untyped-def]
    """The means of g = gamma dy and of g (x - m)."""
    first = second = 0.0
    for k in range(x.size):
        g = np.float64(gamma[k]) * np.float64(dy[k])
        first += g
        second += g * (np.float64(x[k]) - mean)
    return first / x.size, second / x.size


@compiled(cached=False)
def differences_of_row(dx, dy, x, gamma, mean, r, level, slope):  # type: ignore[no-untyped-def]
    for k in range(x.size):
        dx[k] = r * (gamma[k] * dy[k] - level - (x[k] - mean) * slope)


@compiled(cached=False)
def add_row(first, second, dy, x, mean, r):  # type: ignore[no-untyped-def]
    for k in range(x.size):
        g = np.float64(dy[k])
        first[k] += g
        second[k] += g * ((np.float64(x[k]) - mean) * r)


@compiled(cached=False)
def rows_backwards(t, plan, dx, dgamma, dbeta, dy, mean, variance, x, gamma, epsilon, sums):  # type: ignore[no-untyped-def]
    rows, cuts = plan[1], plan[5]
    first, second = sums[t, 0], sums[t, 1]
    for k in range(first.size):
        first[k] = second[k] = 0.0
    for n in range(t * rows // cuts, (t + 1) * rows // cuts):
        middle = np.float64(mean[n]) if mean.size else 0.0
        r = 1 / math.sqrt(np.float64(variance[n]) + epsilon)
        if dx.size:
            level, slope = sums_of_row(dy[n], x[n], gamma, middle)
            if mean.size == 0:
                level = 0.0
            number = x.dtype.type
            differences_of_row(
                dx[n], dy[n], x[n], gamma, number(middle), number(r), number(level), number(slope * r * r)
            )
        if dgamma.size + dbeta.size:
            add_row(first, second, dy[n], x[n], middle, r)


@compiled(cached=False)
def merge_rows(g, plan, dx, dgamma, dbeta, dy, mean, variance, x, gamma, epsilon, sums):  # type: ignore[no-untyped-def]
    first, second = sums[0, 0], sums[0, 1]
    for t in range(1, plan[5]):
        for k in range(first.size):
            first[k] += sums[t, 0, k]
            second[k] += sums[t, 1, k]
    for k in range(dgamma.size):
        dgamma[k] = second[k]
    for k in range(dbeta.size):
        dbeta[k] = first[k]


rows_forward_phases = in_phases("normalize_rows", None, None, None, normalize_rows)
rows_backward_phases = in_phases("normalize_rows_vjp", None, rows_backwards, merge_rows, None)


def forward_rows(y: Any, mean: Any, variance: Any, x: Any, gamma: Any, beta: Any, epsilon: float) -> Call:
    """The forward pass of a layer normalization; of an RMS normalization, without `mean` and `beta`."""
    if x.size == 0:
        return nothing(variance) if mean is None else nothing(mean, variance)
    shape = (-1, gamma.size)
    return rows_forward_phases(
        of_rows(x, gamma), y.reshape(shape), *flat(x, mean, variance), x.reshape(shape), *flat(x, gamma, beta),
        float(epsilon),
    )  # fmt: skip


def backward_rows(
    dx: Any, dgamma: Any, dbeta: Any, dy: Any, x: Any, gamma: Any, mean: Any, variance: Any, epsilon: float,
    workspace: tuple[np.ndarray, ...],
) -> Call:  # fmt: skip
    """The backward pass of both."""
    if x.size == 0:
        return nothing(dx, dgamma, dbeta)
    shape = (-1, gamma.size)
    wanted = np.empty((0, 0), x.dtype) if dx is None else dx.reshape(shape)
    return rows_backward_phases(
        of_rows(x, gamma), wanted, *flat(x, dgamma, dbeta), dy.reshape(shape), *flat(x, mean, variance),
        x.reshape(shape), *flat(x, gamma), float(epsilon), *workspace,
    )  # fmt: skip


def forward_layer(
    y: Any, mean: Any, variance: Any, x: Any, gamma: Any, beta: Any, *, epsilon: float
) -> Call:
    return forward_rows(y, mean, variance, x, gamma, beta, epsilon)


def vjp_layer(
    dx: Any, dgamma: Any, dbeta: Any, dy: Any, x: Any, gamma: Any, mean: Any, variance: Any, *, epsilon: float,
    workspace: Any = (),
) -> Call:  # fmt: skip
    return backward_rows(dx, dgamma, dbeta, dy, x, gamma, mean, variance, epsilon, workspace)


def forward_rms(y: Any, square: Any, x: Any, gamma: Any, *, epsilon: float) -> Call:
    return forward_rows(y, None, square, x, gamma, None, epsilon)


def vjp_rms(
    dx: Any, dgamma: Any, dy: Any, x: Any, gamma: Any, square: Any, *, epsilon: float, workspace: Any = ()
) -> Call:
    return backward_rows(dx, dgamma, None, dy, x, gamma, None, square, epsilon, workspace)


def room_rows(x: TensorSpec, gamma: TensorSpec, *others: TensorSpec, **attrs: Any) -> tuple[TensorSpec, ...]:
    plan = of_rows(x, gamma)
    return (TensorSpec((plan.cuts, 2, plan.wide), np.dtype(np.float64)),)


layer_norm = Kernels(contiguous(forward_layer), contiguous(vjp_layer), vjp_workspace=room_rows)
rms_norm = Kernels(contiguous(forward_rms), contiguous(vjp_rms), vjp_workspace=room_rows)
