"""The kernels' own exp, expm1 and tanh of float32: how far from the truth, in units in the last place."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")

from chainrule.kernels import transcendental
from chainrule.kernels.calls import once
from chainrule.kernels.compile import compiled


def over(function):
    @compiled(name=f"over_{function.__name__}", cached=False)
    def loop(y, x):
        for i in range(x.size):
            y[i] = function(x[i])

    bind = once(loop)

    def run(x):
        y = np.empty_like(x)
        bind(y, x).run()
        return y

    return run


SPREAD = np.concatenate(
    [np.linspace(-110, 95, 200_001), np.linspace(-1.2, 1.2, 200_001), np.logspace(-44, 0, 9999)]
)


@pytest.mark.parametrize(("name", "ulps"), [("exp", 1.5), ("expm1", 2), ("tanh", 3)])
def test_error_in_units_in_the_last_place(name, ulps):
    x = SPREAD.astype("float32")
    y = over(getattr(transcendental, name))(x)
    truth = getattr(np, name)(x.astype("float64"))
    with np.errstate(over="ignore"):
        rounded = truth.astype("float32")
    finite = np.isfinite(rounded)
    np.testing.assert_array_equal(y[~finite], rounded[~finite])
    unit = np.spacing(abs(rounded[finite])).astype("float64")
    assert (abs(y[finite].astype("float64") - truth[finite]) / unit).max() < ulps


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["exp", "expm1", "tanh"])
def test_what_is_not_finite(name, dtype):
    x = np.array([np.nan, np.inf, -np.inf, 0.0, 3e38, -3e38], dtype)
    with np.errstate(over="ignore"):
        expected = getattr(np, name)(x)
    np.testing.assert_allclose(over(getattr(transcendental, name))(x), expected, rtol=1e-6)
