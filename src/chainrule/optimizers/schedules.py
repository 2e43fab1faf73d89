"""Schedules: the learning rate as a function of the step.

Steps count batches from 0.  A schedule takes one number or an array of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.saving.registry import Configurable, Namespace

SCHEDULES: Namespace[LearningRateSchedule] = Namespace("schedule", "keras.optimizers.schedules")


class LearningRateSchedule(Configurable):
    """Base class: define `__call__(step)`, and keep the constructor's arguments under their names.

    Example:
        >>> class Halving(LearningRateSchedule):
        ...     def __init__(self, start):
        ...         self.start = start
        ...     def __call__(self, step):
        ...         return self.start / 2**step
        >>> Halving(0.8)(3), Halving(0.8).get_config()
        (0.1, {'start': 0.8})
    """

    def __call__(self, step: Any) -> Any:
        """The learning rate at `step`."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(step)")

    def _positive_steps(self, name: str, value: float) -> float:
        if not value > 0:
            raise ArgumentError(f"{name} is not above 0", where=type(self).__name__, got=value)
        return value


@SCHEDULES.add()
class ExponentialDecay(LearningRateSchedule):
    """The rate is multiplied by `decay_rate` every `decay_steps` steps.

        rate(step) = initial decay_rate^(step / decay_steps)

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: steps in which it falls by the factor.
        decay_rate: the factor.
        staircase: it falls at once at the end of those steps, not little by little.
        name: its name.

    Example:
        >>> float(ExponentialDecay(0.8, decay_steps=10, decay_rate=0.5)(20))
        0.2
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        self.initial_learning_rate, self.decay_rate = initial_learning_rate, decay_rate
        self.decay_steps = self._positive_steps("decay_steps", decay_steps)
        self.staircase, self.name = staircase, name

    def __call__(self, step: Any) -> Any:
        periods = np.asarray(step, "float64") / self.decay_steps
        periods = np.floor(periods) if self.staircase else periods
        return self.initial_learning_rate * self.decay_rate**periods


@SCHEDULES.add()
class PiecewiseConstantDecay(LearningRateSchedule):
    """A rate for each stretch of steps.

    Args:
        boundaries: the last step of each stretch but the last, rising.
        values: the rate of each stretch, one more than boundaries.
        name: its name.

    Raises:
        ArgumentError: the numbers of values and boundaries do not go together.

    Example:
        >>> schedule = PiecewiseConstantDecay([10, 20], [1.0, 0.5, 0.1])
        >>> [float(schedule(step)) for step in (0, 10, 11, 21)]
        [1.0, 1.0, 0.5, 0.1]
    """

    def __init__(
        self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant"
    ) -> None:
        if len(boundaries) != len(values) - 1:
            raise ArgumentError(
                "each stretch needs one value", where="PiecewiseConstantDecay",
                expected=f"{len(boundaries) + 1} values for {len(boundaries)} boundaries", got=len(values),
            )  # fmt: skip
        self.boundaries, self.values, self.name = boundaries, values, name

    def __call__(self, step: Any) -> Any:
        return np.asarray(self.values, "float64")[np.searchsorted(self.boundaries, step, side="left")]


@SCHEDULES.add()
class PolynomialDecay(LearningRateSchedule):
    """From one rate to another in `decay_steps` steps, along a power of the way left.

        rate(step) = (initial - end) (1 - step / decay_steps)^power + end

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: steps until the end.
        end_learning_rate: the rate from then on.
        power: 1.0 is a straight line.
        cycle: at the end the rate rises again, and falls over twice, three times ... the steps.
        name: its name.

    Example:
        >>> float(PolynomialDecay(1.0, decay_steps=10, end_learning_rate=0.5)(5))
        0.75
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate, self.end_learning_rate = initial_learning_rate, end_learning_rate
        self.decay_steps = self._positive_steps("decay_steps", decay_steps)
        self.power, self.cycle, self.name = power, cycle, name

    def __call__(self, step: Any) -> Any:
        step = np.asarray(step, "float64")
        steps: Any = self.decay_steps
        if self.cycle:
            steps = steps * np.maximum(1.0, np.ceil(step / steps))
        left = 1 - np.minimum(step, steps) / steps
        return (
            self.initial_learning_rate - self.end_learning_rate
        ) * left**self.power + self.end_learning_rate


@SCHEDULES.add()
class InverseTimeDecay(LearningRateSchedule):
    """The rate falls as one over time.

        rate(step) = initial / (1 + decay_rate step / decay_steps)

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: the unit of time, in steps.
        decay_rate: how fast it falls.
        staircase: it falls at the end of each unit of time.
        name: its name.

    Example:
        >>> float(InverseTimeDecay(1.0, decay_steps=10, decay_rate=0.5)(20))
        0.5
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        self.initial_learning_rate, self.decay_rate = initial_learning_rate, decay_rate
        self.decay_steps = self._positive_steps("decay_steps", decay_steps)
        self.staircase, self.name = staircase, name

    def __call__(self, step: Any) -> Any:
        periods = np.asarray(step, "float64") / self.decay_steps
        periods = np.floor(periods) if self.staircase else periods
        return self.initial_learning_rate / (1 + self.decay_rate * periods)


def _half_cosine(share: Any, alpha: float, peak: Any = 1.0) -> Any:
    """From `peak` at share 0 to `alpha` at share 1, along half a cosine."""
    return (1 - alpha) * 0.5 * peak * (1 + np.cos(math.pi * share)) + alpha


@SCHEDULES.add()
class CosineDecay(LearningRateSchedule):
    """Half a cosine down, after a straight rise if one is wanted.

        rate(step) = top ((1 - alpha) (1 + cos(pi step / decay_steps)) / 2 + alpha)

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: steps of the fall, counted from the end of the rise.
        alpha: share of the top rate that remains.
        name: its name.
        warmup_target: the top rate, where there is a rise; else the initial one is.
        warmup_steps: steps of the rise.

    Source: Loshchilov and Hutter (2017), arXiv:1608.03983, equation 5.

    Example:
        >>> schedule = CosineDecay(0.0, decay_steps=10, warmup_target=1.0, warmup_steps=4)
        >>> [round(float(schedule(step)), 6) for step in (0, 2, 4, 9, 14)]
        [0.0, 0.5, 1.0, 0.5, 0.0]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        self.initial_learning_rate, self.alpha, self.name = initial_learning_rate, alpha, name
        self.decay_steps = self._positive_steps("decay_steps", decay_steps)
        self.warmup_target, self.warmup_steps = warmup_target, warmup_steps

    def __call__(self, step: Any) -> Any:
        step = np.asarray(step, "float64")
        start, top, rise = self.initial_learning_rate, self.warmup_target, self.warmup_steps
        if top is None:
            top, rise = start, 0
        fall = top * _half_cosine(np.clip(step - rise, 0, self.decay_steps) / self.decay_steps, self.alpha)
        return np.where(step < rise, start + (top - start) * step / max(rise, 1), fall)[()]


@SCHEDULES.add()
class CosineDecayRestarts(LearningRateSchedule):
    """Half a cosine down, again and again, each one longer and lower than the last.

    Args:
        initial_learning_rate: the rate at step 0.
        first_decay_steps: steps of the first fall.
        t_mul: each fall takes this many times the steps of the last.
        m_mul: each begins at this share of the last one's beginning.
        alpha: share of the initial rate that remains at the end of a fall.
        name: its name.

    Source: Loshchilov and Hutter (2017), arXiv:1608.03983.

    Example:
        >>> schedule = CosineDecayRestarts(1.0, first_decay_steps=10, t_mul=2.0, m_mul=0.5)
        >>> [round(float(schedule(step)), 6) for step in (0, 5, 10, 20, 30)]
        [1.0, 0.5, 0.5, 0.25, 0.25]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        self.initial_learning_rate, self.alpha, self.name = initial_learning_rate, alpha, name
        self.first_decay_steps = self._positive_steps("first_decay_steps", first_decay_steps)
        self.t_mul, self.m_mul = t_mul, m_mul

    def __call__(self, step: Any) -> Any:
        time = np.asarray(step, "float64") / self.first_decay_steps
        if self.t_mul == 1.0:
            restarts = np.floor(time)
            share = time - restarts
        else:  # the first n falls take (t^n - 1) / (t - 1) times the steps of the first
            t = self.t_mul
            restarts = np.floor(
                np.log(1 + time * (t - 1)) / math.log(t) + 1e-12
            )  # a restart in spite of rounding
            share = (time - (t**restarts - 1) / (t - 1)) / t**restarts
        return self.initial_learning_rate * _half_cosine(share, self.alpha, self.m_mul**restarts)


def serialize(learning_rate_schedule: LearningRateSchedule) -> Any:
    """The config of a schedule.

    Example:
        >>> serialize(ExponentialDecay(0.1, 10, 0.5))["class_name"]
        'ExponentialDecay'
    """
    return SCHEDULES.serialize(learning_rate_schedule)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The schedule that a config means.

    Args:
        config: what `serialize` returned.
        custom_objects: names of your own schedules.

    Raises:
        UnknownNameError: a class that nobody registered.

    Example:
        >>> float(deserialize(serialize(ExponentialDecay(0.1, 10, 0.5)))(0))
        0.1
    """
    return SCHEDULES.deserialize(config, custom_objects)


__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]
