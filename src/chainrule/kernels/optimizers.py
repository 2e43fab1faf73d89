"""Optimizers, fast: each formula compiled into one pass over the flat vectors.

A formula treats every weight alike, so its kernel is the formula itself for one
weight, inside a loop that reads and writes each vector once.  Long vectors are cut into
shares: a thread takes of each weight the rows whose gradient it has just computed
(docs/decisions/0010).  What happens to a number does not depend on its share, so the
bits do not depend on the threads.

The sums of squares that clipping needs are added up in float64, block by block, and the
blocks in their order: again the same bits with any number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.kernels import Call
from chainrule.kernels.calls import Piece
from chainrule.kernels.compile import compiled
from chainrule.kernels.dense import MOST
from chainrule.kernels.elementwise import BLOCK, for_numbers, generated

SERIAL = 2 * BLOCK  # weights below which waking other threads costs more than it saves
Place = tuple[int, tuple[int, ...]]  # where a weight begins in the flat vector, and its shape


def shares(places: Sequence[Place]) -> np.ndarray:
    """Which numbers each share takes.

    Shapes:
        result: (shares, weights, 2); where the part of each weight begins and ends.

    Example:
        >>> shares([(0, (16, 2)), (32, (8,))])[1].tolist()
        [[4, 8], [33, 34]]
    """
    sizes = [(offset, math.prod(shape)) for offset, shape in places]
    parts = [[(a + t * n // MOST, a + (t + 1) * n // MOST) for a, n in sizes] for t in range(MOST)]
    return np.array(parts, np.int64).reshape(MOST, len(places), 2)


def update(
    formula: Callable[..., Any], theta: np.ndarray, gradient: np.ndarray, slots: tuple[np.ndarray, ...],
    numbers: int, decays: bool, places: Sequence[Place],
) -> Callable[..., None]:  # fmt: skip
    """A function of the formula's numbers (the weight decay first, where `decays`) that does one step.

    Args:
        formula: (theta, gradient, *slots, *numbers) -> (theta, *slots), for vectors or for one weight.
        theta: the weights; changed in place, as the slots are.
        gradient: of the same length.
        slots: of the same length.
        numbers: how many numbers the formula takes.
        decays: whether weights shrink by the decay's part before the formula sees them.
        places: where each of the weights lies in `theta`.
    """
    given = np.zeros(numbers + decays)
    cut = shares(places) if theta.size > SERIAL else np.array([[[0, theta.size]]])
    call = _loop(formula, theta.dtype.name, len(slots), numbers, decays)(len(cut), cut, theta, gradient, *slots, given)

    def step(*values: Any) -> None:
        given[:] = values
        call.run()

    return step


def _loop(formula: Callable[..., Any], real: str, slots: int, numbers: int, decays: bool) -> Piece:
    state = [f"s{k}[i]" for k in range(slots)]
    given = ["decay"] * decays + [f"n{k}" for k in range(numbers)]
    arguments = ["weight", "gradient[i]", *state, *(n for n in given if n != "decay")]
    vectors = ["theta", "gradient", *(f"s{k}" for k in range(slots))]
    slices = [f"{v}[start:stop]" for v in vectors]  # a loop over a slice counts from zero: see elementwise.py
    rounded = [f"np.{real}(given[{k}])" for k in range(len(given))]  # made in float64, then rounded once
    lines = [
        "@inline",
        f"def part({', '.join([*vectors, *given])}):",
        "    for i in range(theta.size):",
        "        weight = theta[i]",
        *["        weight -= weight * decay"] * decays,
        f"        result = formula({', '.join(arguments)})",
        "        theta[i] = result[0]",
        *(f"        {s} = result[{k + 1}]" for k, s in enumerate(state)),
        "",
        f"def loop({', '.join(['t', 'shares', *vectors, 'given'])}):",
        "    for k in range(shares.shape[1]):",
        "        start, stop = shares[t, k]",
        f"        part({', '.join([*slices, *rounded])})",
    ]
    text = for_numbers(formula, real, "formula") + "\n\n" + "\n".join(lines) + "\n"
    return generated(formula.__name__, text)


@compiled(reorder=True, cached=False)
def square_sum(k, sums, x, starts, stops):  # type: ignore[no-untyped-def]
    total = 0.0
    for i in range(starts[k], stops[k]):
        total += np.float64(x[i]) * np.float64(x[i])
    sums[k] = total


_square_sum = Piece(square_sum)


def square_sums(sums: np.ndarray, x: np.ndarray, starts: np.ndarray, stops: np.ndarray) -> Call:
    """sums[k] <- the sum of x[i]^2 for starts[k] <= i < stops[k]."""
    return _square_sum(sums.size, sums, x, starts, stops, shared=x.size > SERIAL)
