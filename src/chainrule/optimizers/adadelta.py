"""Adadelta."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.optimizers.base import OPTIMIZERS, Arrays, LearningRate, Numbers, Optimizer


def adadelta(
    theta: np.ndarray,
    g: np.ndarray,
    squares: np.ndarray,
    steps: np.ndarray,
    *,
    learning_rate: float,
    rho: float,
    rate: float,
    epsilon: float,
) -> Arrays:
    """One step; returns theta, squares, steps.

        squares <- rho squares + (1 - rho) g^2
        delta = -sqrt(steps + epsilon) / sqrt(squares + epsilon) g
        steps <- rho steps + (1 - rho) delta^2
        theta <- theta + learning_rate delta

    rate = 1 - rho.  Zeiler (2012), arXiv:1212.5701, Algorithm 1; there learning_rate is 1.
    """
    squares = rho * squares + rate * g**2
    delta = -np.sqrt(steps + epsilon) / np.sqrt(squares + epsilon) * g
    steps = rho * steps + rate * delta**2
    return theta + learning_rate * delta, squares, steps


@OPTIMIZERS.add("adadelta")
class Adadelta(Optimizer):
    """Steps in the units of the weights: a running mean of past steps over one of gradients.

    Args:
        learning_rate: factor on each step; the paper's is 1.0.
        rho: how much of the running means stays at each step.
        epsilon: added to both means under their roots.
        weight_decay and what follows: see `Optimizer`.

    Example:
        >>> from chainrule.graph.variable import Variable
        >>> w, adadelta = Variable([1.0]), Adadelta(learning_rate=1.0, rho=0.75, epsilon=1.0)
        >>> adadelta.apply([[0.0]], [w])
        >>> w.numpy().tolist()
        [1.0]
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        rho: float = 0.95,
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
        self.rho, self.epsilon = self.in_unit_interval("rho", rho), epsilon
        self.formula = adadelta

    def slots(self) -> tuple[dict[str, float], ...]:
        return ({"accumulated_grad": 0.0, "accumulated_delta_var": 0.0},)

    def numbers(self, learning_rate: float, t: int) -> Numbers:
        return {
            "learning_rate": learning_rate,
            "rho": self.rho,
            "rate": 1 - self.rho,
            "epsilon": self.epsilon,
        }
