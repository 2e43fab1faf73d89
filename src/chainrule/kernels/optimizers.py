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
from numba import prange

from chainrule.kernels import Call
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
    shared = theta.size > SERIAL
    loop = _loop(formula, theta.dtype.name, len(slots), numbers, decays, shared)
    arrays = (*((shares(places),) if shared else ()), theta, gradient, *slots)
    return lambda *given: loop(*arrays, *map(float, given))


def _loop(
    formula: Callable[..., Any], real: str, slots: int, numbers: int, decays: bool, shared: bool
) -> Any:
    state = [f"s{k}[i]" for k in range(slots)]
    given = ["decay"] * decays + [f"n{k}" for k in range(numbers)]
    body = ["weight = theta[i]"]
    body += ["weight -= weight * r_decay"] if decays else []
    arguments = ["weight", "gradient[i]", *state, *(f"r_{n}" for n in given if n != "decay")]
    body += [f"result = formula({', '.join(arguments)})", "theta[i] = result[0]"]
    body += [f"{s} = result[{k + 1}]" for k, s in enumerate(state)]
    vectors = ["theta", "gradient", *(f"s{k}" for k in range(slots))]
    rounded = [f"np.{real}({n})" for n in given]  # the numbers are made in float64, then rounded once
    lines = [
        "@inline",
        f"def part({', '.join([*vectors, *(f'r_{n}' for n in given)])}):",
        "    for i in range(theta.size):",
        *(f"        {line}" for line in body),
        "",
        f"def loop({', '.join([*['shares'] * shared, *vectors, *given])}):",
    ]
    if shared:  # a loop over a slice counts from zero, which the compiler must know to use vector registers
        slices = [f"{v}[start:stop]" for v in vectors]
        lines += [
            "    for t in prange(shares.shape[0]):",
            "        for k in range(shares.shape[1]):",
            "            start, stop = shares[t, k]",
            f"            part({', '.join([*slices, *rounded])})",
        ]
    else:
        lines += [f"    part({', '.join([*vectors, *rounded])})"]
    text = for_numbers(formula, real, "formula") + "\n\n" + "\n".join(lines) + "\n"
    return generated(formula.__name__, text, parallel=shared)


@compiled(reorder=True)
def _square_sums(sums, x, starts, stops):  # type: ignore[no-untyped-def]
    for k in range(sums.size):
        total = 0.0
        for i in range(starts[k], stops[k]):
            total += np.float64(x[i]) * np.float64(x[i])
        sums[k] = total


@compiled(parallel=True, reorder=True)
def _square_sums_parallel(sums, x, starts, stops):  # type: ignore[no-untyped-def]
    for k in prange(sums.size):
        total = 0.0
        for i in range(starts[k], stops[k]):
            total += np.float64(x[i]) * np.float64(x[i])
        sums[k] = total


def square_sums(sums: np.ndarray, x: np.ndarray, starts: np.ndarray, stops: np.ndarray) -> Call:
    """sums[k] <- the sum of x[i]^2 for starts[k] <= i < stops[k]."""
    return Call(_square_sums_parallel if x.size > SERIAL else _square_sums, (sums, x, starts, stops))
