"""Constraints: Keras's values and configs, and what each promises of its result."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule import constraints
from chainrule.errors import ArgumentError, UnknownNameError
from golden import cases


class _Package:
    constraints = constraints


@pytest.mark.parametrize("case", cases.load("constraints"), ids=lambda case: case.id)
def test_equals_keras(case):
    value = cases.build(_Package, case["object"])(cases.inputs(case["x"]))
    assert value.dtype == np.float32
    assert cases.gap(value, case.array("value")) < 1e-6


@pytest.mark.parametrize(
    "case", [c for c in cases.load("configs") if c["kind"] == "constraints"], ids=lambda case: case.id
)
def test_configs_are_keras_s(case):
    constraint = cases.build(_Package, case["object"])
    assert constraints.serialize(constraint) == case["serialized"]
    again = constraints.deserialize(json.loads(json.dumps(case["serialized"])))
    assert type(again) is type(constraint)
    assert again.get_config() == constraint.get_config()


@pytest.mark.parametrize(
    "case", [c for c in cases.load("names") if c["kind"] == "constraints"], ids=lambda c: c.id
)
def test_string_names(case):
    constraint = constraints.get(case["name"])
    assert type(constraint).__name__ == case["class_name"]
    assert constraint.get_config() == case["get_config"]


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 2**32), st.sampled_from([0, 1, (0, 1)]))
def test_lengths_end_where_they_should(seed, axis):
    w = np.random.default_rng(seed).normal(size=(3, 4)) * 3

    def lengths(x):
        return np.sqrt((x**2).sum(axis=axis))

    slack = 1e-6  # epsilon, 1e-7, is added to lengths of about 1
    assert (lengths(constraints.MaxNorm(1.5, axis)(w)) <= 1.5).all()
    assert np.allclose(lengths(constraints.UnitNorm(axis)(w)), 1, atol=1e-4)
    inside = lengths(constraints.MinMaxNorm(0.5, 1.5, 1.0, axis)(w))
    assert (inside <= 1.5).all()
    assert (inside >= 0.5 - 0.5 * slack - 1e-4).all()
    assert (constraints.NonNeg()(w) >= 0).all()


def test_zero_weights_stay_zero():
    for name in ("max_norm", "min_max_norm", "unit_norm", "non_neg"):
        assert constraints.get(name)(np.zeros((2, 2))).tolist() == [[0, 0], [0, 0]]


def test_names_objects_and_functions():
    def halve(w):
        return w / 2

    assert constraints.get(None) is None
    assert constraints.get(halve) is halve
    assert constraints.max_norm is constraints.MaxNorm
    with pytest.raises(UnknownNameError) as error:
        constraints.get("max_nrom")
    assert error.value.hint == "did you mean 'max_norm'?"
    with pytest.raises(ArgumentError):
        constraints.get(3)
    with pytest.raises(ArgumentError, match="'biggest'"):
        constraints.MaxNorm.from_config({"biggest": 3})
