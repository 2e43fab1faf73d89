"""Maxima by kernels: which of equal numbers wins, where NaN is, and how many channels there are."""

import numpy as np
import pytest

from chainrule.kernels.threads import one_pool
from chainrule.ops.primitive import PRIMITIVES

POOL = PRIMITIVES["max_pool"]
HALVES = {"window": (2, 2), "strides": (2, 2), "padding": "valid"}


@pytest.mark.parametrize("channels", [1, 6, 8, 19])
def test_the_first_of_the_largest_wins_and_the_first_nan(channels):
    """Whatever part of a vector register the channels fill."""
    rng = np.random.default_rng(channels)
    x = rng.integers(-2, 3, (3, 6, 7, channels)).astype("float32")
    x[rng.random(x.shape) < 0.2] = np.nan
    y, place = POOL.forward(x, **HALVES)
    dy = rng.standard_normal(y.shape).astype("float32")
    (dx,) = POOL.vjp(dy, place=place, x_shape=x.shape, **HALVES)
    actual, where, back = np.full_like(y, 7), np.full_like(place, 77), np.full_like(x, 7)
    with one_pool():
        POOL.kernels.forward(actual, where, x, **HALVES).run()
        POOL.kernels.vjp(back, dy, where, x_shape=x.shape, **HALVES).run()
    np.testing.assert_array_equal(actual, y)
    np.testing.assert_array_equal(where, place)
    np.testing.assert_array_equal(back, dx)
