"""Nadam: Adam with Nesterov's momentum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.config import floatx
from chainrule.graph.tensor import scope
from chainrule.graph.variable import Variable
from chainrule.optimizers.base import OPTIMIZERS, Arrays, LearningRate, Numbers, Optimizer


def nadam(
    theta: np.ndarray,
    g: np.ndarray,
    m: np.ndarray,
    v: np.ndarray,
    *,
    of_m: float,
    of_g: float,
    of_v: float,
    rate_1: float,
    rate_2: float,
    epsilon: float,
) -> Arrays:
    """One step; returns theta, m, v.

        m <- beta_1 m + (1 - beta_1) g
        v <- beta_2 v + (1 - beta_2) g^2
        theta <- theta - (of_m m + of_g g) / (sqrt(of_v v) + epsilon)
        of_m = learning_rate mu_(t+1) / (1 - mu_1 ... mu_(t+1))
        of_g = learning_rate (1 - mu_t) / (1 - mu_1 ... mu_t)
        of_v = 1 / (1 - beta_2^t)
        mu_t = beta_1 (1 - 0.96^t / 2)

    rate_k = 1 - beta_k.  Dozat (2016), "Incorporating Nesterov momentum into Adam", whose
    m fades by mu_t where Keras's, and this, fades by beta_1.
    """
    m = m + rate_1 * (g - m)
    v = v + rate_2 * (g**2 - v)
    return theta - (of_m * m + of_g * g) / (np.sqrt(of_v * v) + epsilon), m, v


@OPTIMIZERS.add("nadam")
class Nadam(Optimizer):
    """Adam with Nesterov's look ahead and a momentum that warms up.

    Args:
        learning_rate: step size; a number, a schedule or a function without arguments.
        beta_1: how much of the mean gradient stays at each step.
        beta_2: how much of the mean square stays.
        epsilon: added to the root that divides.
        weight_decay and what follows: see `Optimizer`.

    Example:
        >>> from chainrule.graph.variable import Variable
        >>> w, nadam = Variable([1.0]), Nadam(learning_rate=0.1)
        >>> nadam.apply([[0.0]], [w])
        >>> w.numpy().tolist()
        [1.0]
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
        self.formula = nadam

    def slots(self) -> tuple[dict[str, float], ...]:
        return ({"momentum": 0.0, "velocity": 0.0},)

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the slots, and the product of all momenta so far, which Keras's files hold too."""
        first = not self.built
        super().build(variables)
        if not first:
            return
        with scope(self.name):
            self._product = Variable(1.0, dtype=floatx(), trainable=False)
        self._slot_variables.append(self._product)

    def numbers(self, learning_rate: float, t: int) -> Numbers:
        now, next_ = (self.beta_1 * (1 - 0.5 * 0.96**step) for step in (t, t + 1))
        product = float(self._product) * now
        self._product.assign(product)
        return {
            "of_m": learning_rate * next_ / (1 - product * next_),
            "of_g": learning_rate * (1 - now) / (1 - product),
            "of_v": 1 / (1 - self.beta_2**t),
            "rate_1": 1 - self.beta_1, "rate_2": 1 - self.beta_2, "epsilon": self.epsilon,
        }  # fmt: skip
