"""Adagrad."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.optimizers.base import OPTIMIZERS, Arrays, LearningRate, Numbers, Optimizer


def adagrad(
    theta: np.ndarray, g: np.ndarray, accumulator: np.ndarray, *, learning_rate: float, epsilon: float
) -> Arrays:
    """One step; returns theta, accumulator.

        accumulator <- accumulator + g^2
        theta <- theta - learning_rate g / sqrt(accumulator + epsilon)

    Duchi, Hazan and Singer (2011), "Adaptive subgradient methods for online learning and
    stochastic optimization", the diagonal form.  Epsilon is under the root, as in Keras;
    PyTorch's is outside.
    """
    accumulator = accumulator + g**2
    return theta - learning_rate * g / np.sqrt(accumulator + epsilon), accumulator


@OPTIMIZERS.add("adagrad")
class Adagrad(Optimizer):
    """Steps divided by the root of all squares so far: rarely used weights learn faster.

    Args:
        learning_rate: step size; a number, a schedule or a function without arguments.
        initial_accumulator_value: what the sum of squares begins at.
        epsilon: added to the sum under the root.
        weight_decay and what follows: see `Optimizer`.

    Raises:
        ArgumentError: a negative initial value.

    Example:
        >>> from chainrule.graph.variable import Variable
        >>> w, adagrad = Variable([1.0]), Adagrad(learning_rate=0.5, initial_accumulator_value=0.0)
        >>> adagrad.apply([[4.0]], [w])
        >>> w.numpy().tolist()
        [0.5]
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
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
        self.initial_accumulator_value = self.not_negative(
            "initial_accumulator_value", initial_accumulator_value
        )
        self.epsilon = epsilon
        self.formula = adagrad

    def slots(self) -> tuple[dict[str, float], ...]:
        return ({"accumulator": self.initial_accumulator_value},)

    def numbers(self, learning_rate: float, t: int) -> Numbers:
        return {"learning_rate": learning_rate, "epsilon": self.epsilon}
