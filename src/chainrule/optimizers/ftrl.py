"""FTRL-proximal: follow the regularized leader."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.optimizers.base import OPTIMIZERS, Arrays, LearningRate, Numbers, Optimizer


def ftrl(
    theta: np.ndarray,
    g: np.ndarray,
    accumulator: np.ndarray,
    linear: np.ndarray,
    *,
    learning_rate: float,
    power: float,
    l1: float,
    l2: float,
    shrinkage: float,
) -> Arrays:
    """One step; returns theta, accumulator, linear.

        n' = n + g^2                                            n: accumulator
        z <- z + g + 2 shrinkage theta - (n'^power - n^power) / learning_rate theta     z: linear
        theta <- (clip(z, -l1, l1) - z) / (n'^power / learning_rate + 2 l2)

    power = -learning_rate_power, and l2 has beta / (2 learning_rate) added to it.

    McMahan et al. (2013), "Ad click prediction: a view from the trenches", Algorithm 1.
    """
    total = accumulator + g**2
    change = (total**power - accumulator**power) / learning_rate
    linear = linear + g + 2 * shrinkage * theta - change * theta
    theta = (np.minimum(np.maximum(linear, -l1), l1) - linear) / (total**power / learning_rate + 2 * l2)
    return theta, total, linear


@OPTIMIZERS.add("ftrl")
class Ftrl(Optimizer):
    """The minimum of all losses so far, linearised, with penalties that make weights exactly zero.

    Args:
        learning_rate: step size; a number, a schedule or a function without arguments.
        learning_rate_power: how the rate falls with the sum of squares; not positive.
        initial_accumulator_value: what the sum of squares begins at.
        l1_regularization_strength: weights whose `linear` is within it are zero.
        l2_regularization_strength: pull towards zero.
        l2_shrinkage_regularization_strength: pull of the current weights, as a penalty on the loss has.
        beta: added to the root of the sum of squares in the paper's rate.
        weight_decay and what follows: see `Optimizer`.

    Raises:
        ArgumentError: a negative strength or initial value, or a positive power.

    Example:
        >>> from chainrule.graph.variable import Variable
        >>> w, ftrl = Variable([0.0]), Ftrl(learning_rate=1.0, l1_regularization_strength=2.0)
        >>> ftrl.apply([[1.5]], [w])
        >>> w.numpy().tolist()
        [0.0]
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum,
            ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name, **kwargs,
        )  # fmt: skip
        self.learning_rate_power = -self.not_negative("-learning_rate_power", -learning_rate_power)
        self.initial_accumulator_value = self.not_negative(
            "initial_accumulator_value", initial_accumulator_value
        )
        self.l1_regularization_strength = self.not_negative(
            "l1_regularization_strength", l1_regularization_strength
        )
        self.l2_regularization_strength = self.not_negative(
            "l2_regularization_strength", l2_regularization_strength
        )
        self.l2_shrinkage_regularization_strength = self.not_negative(
            "l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength
        )
        self.beta = beta
        self.formula = ftrl

    def slots(self) -> tuple[dict[str, float], ...]:
        return ({"accumulator": self.initial_accumulator_value, "linear": 0.0},)

    def numbers(self, learning_rate: float, t: int) -> Numbers:
        return {
            "learning_rate": learning_rate, "power": -self.learning_rate_power,
            "l1": self.l1_regularization_strength,
            "l2": self.l2_regularization_strength + self.beta / (2 * learning_rate),
            "shrinkage": self.l2_shrinkage_regularization_strength,
        }  # fmt: skip
