"""Lion: steps of one size, in the direction of the momentum's sign."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.optimizers.base import OPTIMIZERS, Arrays, LearningRate, Numbers, Optimizer


def lion(
    theta: np.ndarray,
    g: np.ndarray,
    m: np.ndarray,
    *,
    learning_rate: float,
    beta_1: float,
    rate_1: float,
    beta_2: float,
    rate_2: float,
) -> Arrays:
    """One step; returns theta, m.

        theta <- theta - learning_rate sign(beta_1 m + (1 - beta_1) g)
        m <- beta_2 m + (1 - beta_2) g

    rate_k = 1 - beta_k.  Chen et al. (2023), arXiv:2302.06675, Algorithm 2.
    """
    theta = theta - learning_rate * np.sign(beta_1 * m + rate_1 * g)
    return theta, beta_2 * m + rate_2 * g


@OPTIMIZERS.add("lion")
class Lion(Optimizer):
    """Every weight moves by the learning rate, up or down.

    Args:
        learning_rate: step size, a third to a tenth of Adam's; a number, a schedule or a function.
        beta_1: share of the momentum in the direction of a step.
        beta_2: how much of the momentum stays at each step.
        weight_decay and what follows: see `Optimizer`.

    Raises:
        ArgumentError: beta_1 outside 0 to 1.

    Example:
        >>> from chainrule.graph.variable import Variable
        >>> w, lion = Variable([1.0, 1.0, 1.0]), Lion(learning_rate=0.5)
        >>> lion.apply([[9.0, 0.0, -0.1]], [w])
        >>> w.numpy().tolist()
        [0.5, 1.0, 1.5]
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
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
        self.beta_1, self.beta_2 = self.in_unit_interval("beta_1", beta_1), beta_2
        self.formula = lion

    def slots(self) -> tuple[dict[str, float], ...]:
        return ({"momentum": 0.0},)

    def numbers(self, learning_rate: float, t: int) -> Numbers:
        return {
            "learning_rate": learning_rate, "beta_1": self.beta_1, "rate_1": 1 - self.beta_1,
            "beta_2": self.beta_2, "rate_2": 1 - self.beta_2,
        }  # fmt: skip
