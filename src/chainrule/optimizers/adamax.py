"""Adamax: Adam with the largest slope in place of the mean square."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.optimizers.base import OPTIMIZERS, Arrays, LearningRate, Numbers, Optimizer


def adamax(
    theta: np.ndarray,
    g: np.ndarray,
    m: np.ndarray,
    u: np.ndarray,
    *,
    alpha: float,
    rate_1: float,
    beta_2: float,
    epsilon: float,
) -> Arrays:
    """One step; returns theta, m, u.

        m <- beta_1 m + (1 - beta_1) g
        u <- max(beta_2 u, |g|)
        theta <- theta - alpha m / (u + epsilon),    alpha = learning_rate / (1 - beta_1^t)

    rate_1 = 1 - beta_1.  Kingma and Ba (2015), arXiv:1412.6980, Algorithm 2, which has no epsilon.
    """
    m = m + rate_1 * (g - m)
    u = np.maximum(beta_2 * u, np.abs(g))
    return theta - alpha * m / (u + epsilon), m, u


@OPTIMIZERS.add("adamax")
class Adamax(Optimizer):
    """Adam with a fading maximum of slopes in place of the root of their mean square.

    Args:
        learning_rate: step size; a number, a schedule or a function without arguments.
        beta_1: how much of the mean gradient stays at each step.
        beta_2: how much of the largest slope stays.
        epsilon: added to the largest slope.
        weight_decay and what follows: see `Optimizer`.

    Example:
        >>> from chainrule.graph.variable import Variable
        >>> w, adamax = Variable([1.0]), Adamax(learning_rate=0.5, epsilon=0.0)
        >>> adamax.apply([[3.0]], [w])
        >>> w.numpy().round(6).tolist()
        [0.5]
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
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
        self.beta_1, self.beta_2 = self.below_one("beta_1", beta_1), self.below_one("beta_2", beta_2)
        self.epsilon = epsilon
        self.formula = adamax

    def slots(self) -> tuple[dict[str, float], ...]:
        return ({"momentum": 0.0, "norm": 0.0},)

    def numbers(self, learning_rate: float, t: int) -> Numbers:
        alpha = learning_rate / (1 - self.beta_1**t)
        return {"alpha": alpha, "rate_1": 1 - self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
