"""Schedules: Keras's values, configs, and wrong arguments."""

from __future__ import annotations

import json

import numpy as np
import pytest

from chainrule import optimizers
from chainrule.errors import ArgumentError, UnknownNameError
from chainrule.optimizers import schedules
from golden import cases


class _Package:
    optimizers = optimizers


@pytest.mark.parametrize("case", cases.load("schedules"), ids=lambda case: case.id)
def test_equals_keras(case):
    schedule = cases.build(_Package, case["object"])
    # Keras computes in float32: each of a few operations rounds at 6e-8, times the exponent for powers.
    together = schedule(np.array(case["steps"]))
    np.testing.assert_allclose(together, case["values"], rtol=1e-5, atol=1e-8)
    assert [float(schedule(step)) for step in case["steps"]] == pytest.approx(together.tolist(), rel=1e-14)


@pytest.mark.parametrize(
    "case", [c for c in cases.load("configs") if c["kind"] == "schedules"], ids=lambda case: case.id
)
def test_configs_are_keras_s(case):
    schedule = cases.build(_Package, case["object"])
    assert schedules.serialize(schedule) == case["serialized"]
    again = schedules.deserialize(json.loads(json.dumps(case["serialized"])))
    assert again.get_config() == schedule.get_config()
    assert again(7) == schedule(7)


@pytest.mark.parametrize("t_mul", [1.0, 1.5, 2.0, 3.0])
def test_restarts_begin_at_the_top(t_mul):
    """Rounding in the logarithm must not put a restart at the end of the fall before it."""
    schedule = schedules.CosineDecayRestarts(1.0, 8, t_mul=t_mul)
    starts = np.cumsum([0, *(8 * t_mul**k for k in range(8))])
    np.testing.assert_allclose(schedule(starts), 1.0, atol=1e-9)


def test_a_schedule_of_ones_own():
    class Halving(schedules.LearningRateSchedule):
        def __init__(self, start):
            self.start = start

        def __call__(self, step):
            return self.start / 2**step

    config = optimizers.serialize(optimizers.SGD(Halving(0.8)))
    again = optimizers.deserialize(config, custom_objects={"Halving": Halving})
    assert float(again.learning_rate) == 0.8
    with pytest.raises(UnknownNameError):
        optimizers.deserialize(config)
    with pytest.raises(NotImplementedError):
        schedules.LearningRateSchedule()(0)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: schedules.PiecewiseConstantDecay([1, 2], [0.1]),
        lambda: schedules.ExponentialDecay(0.1, 0, 0.5),
        lambda: schedules.CosineDecay(0.1, -1),
        lambda: schedules.PolynomialDecay(0.1, 0),
        lambda: schedules.CosineDecayRestarts(0.1, 0),
        lambda: schedules.InverseTimeDecay(0.1, 0, 0.5),
    ],
)
def test_wrong_arguments(wrong):
    with pytest.raises(ArgumentError):
        wrong()
