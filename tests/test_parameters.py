"""Parameters: variables as slices of one vector."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule import config
from chainrule.errors import ArgumentError, DTypeError
from chainrule.graph.variable import Variable
from chainrule.plan.parameters import Parameters


@settings(deadline=None)  # a busy machine is no failure
@given(st.lists(st.sampled_from([(), (0,), (3,), (2, 3), (2, 0), (2, 1, 3)]), max_size=6))
def test_variables_lie_one_after_the_other(shapes):
    rng = np.random.default_rng(0)
    values = [rng.normal(size=shape).astype("float32") for shape in shapes]
    variables = [Variable(value) for value in values]
    parameters = Parameters(variables)
    assert parameters.size == sum(value.size for value in values)
    assert parameters.theta.flags.c_contiguous
    stop = 0
    for variable, value, piece in zip(variables, values, parameters.slices, strict=True):
        assert (piece.start, piece.stop, piece.shape) == (stop, stop + value.size, value.shape)
        stop = piece.stop
        np.testing.assert_array_equal(variable.value, value)
        assert value.size == 0 or np.shares_memory(variable.value, parameters.theta)
    for view, value in zip(parameters.views(parameters.theta), values, strict=True):
        np.testing.assert_array_equal(view, value)
    assert parameters.gradient.shape == parameters.theta.shape
    assert parameters.gradient.dtype == parameters.theta.dtype


def test_assigning_goes_into_the_vector():
    w, b = Variable(np.zeros((2, 2))), Variable(np.zeros(1))
    parameters = Parameters([w, b])
    w.assign([[1, 2], [3, 4]])
    b.assign_add([5])
    assert parameters.theta.tolist() == [1, 2, 3, 4, 5]


def test_a_copy_leaves_the_variables_alone():
    w = Variable(np.ones(2))
    parameters = Parameters([w], move=False)
    parameters.theta[:] = 3
    assert w.value.tolist() == [1, 1]
    parameters.push()
    assert w.value.tolist() == [3, 3]
    w.assign([5, 6])
    parameters.pull()
    assert parameters.theta.tolist() == [5, 6]


def test_one_dtype():
    assert Parameters([Variable(np.ones(1), dtype="float64")]).theta.dtype == np.float64
    config.set_floatx("float64")
    try:
        assert Parameters([]).theta.dtype == np.float64
    finally:
        config.set_floatx("float32")
    with pytest.raises(DTypeError, match="one dtype"):
        Parameters([Variable(np.ones(1)), Variable(np.ones(1), dtype="float64")])


def test_a_variable_given_twice():
    w = Variable(np.ones(1))
    with pytest.raises(ArgumentError, match="twice"):
        Parameters([w, w])
