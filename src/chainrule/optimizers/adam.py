"""Adam, and AdamW, which is Adam with a decay of its own by default."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.optimizers.base import OPTIMIZERS, Arrays, LearningRate, Numbers, Optimizer


def adam(
    theta: np.ndarray,
    g: np.ndarray,
    m: np.ndarray,
    v: np.ndarray,
    *,
    alpha: float,
    rate_1: float,
    rate_2: float,
    epsilon: float,
) -> Arrays:
    """One step; returns theta, m, v.

        m <- beta_1 m + (1 - beta_1) g              first moment
        v <- beta_2 v + (1 - beta_2) g^2            second moment
        theta <- theta - alpha m / (sqrt(v) + epsilon)
        alpha = learning_rate sqrt(1 - beta_2^t) / (1 - beta_1^t),    t = 1, 2, ...

    rate_k = 1 - beta_k comes as a number because in float32 1 - 0.999 keeps four digits.

    Kingma and Ba (2015), arXiv:1412.6980, the form before section 2.1: epsilon here is
    their "epsilon hat", as in Keras; PyTorch's is Algorithm 1's.
    """
    m = m + rate_1 * (g - m)
    v = v + rate_2 * (g**2 - v)
    return theta - alpha * m / (np.sqrt(v) + epsilon), m, v


def adam_amsgrad(
    theta: np.ndarray,
    g: np.ndarray,
    m: np.ndarray,
    v: np.ndarray,
    largest: np.ndarray,
    *,
    alpha: float,
    rate_1: float,
    rate_2: float,
    epsilon: float,
) -> Arrays:
    """One step of Adam that divides by the largest v so far; returns theta, m, v, largest.

    Reddi, Kale and Kumar (2018), "On the convergence of Adam and beyond", with Adam's
    correction of the bias in alpha, as in Keras.
    """
    m = m + rate_1 * (g - m)
    v = v + rate_2 * (g**2 - v)
    largest = np.maximum(largest, v)
    return theta - alpha * m / (np.sqrt(largest) + epsilon), m, v, largest


@OPTIMIZERS.add("adam")
class Adam(Optimizer):
    """Steps scaled, weight by weight, by running means of the gradient and of its square.

    Args:
        learning_rate: step size; a number, a schedule or a function without arguments.
        beta_1: how much of the mean gradient stays at each step.
        beta_2: how much of the mean square stays.
        epsilon: added to the root that divides; see `adam` for which epsilon it is.
        amsgrad: divide by the largest mean square so far.
        weight_decay and what follows: see `Optimizer`.

    Example:
        >>> from chainrule.graph.variable import Variable
        >>> w, adam = Variable([1.0, 2.0]), Adam(learning_rate=0.1)
        >>> adam.apply([[5.0, -0.5]], [w])  # the first step has the size of the rate, whatever the slope
        >>> w.numpy().round(4).tolist()
        [0.8999999761581421, 2.0999999046325684]
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
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
        self.epsilon, self.amsgrad = epsilon, amsgrad
        self.formula = adam_amsgrad if amsgrad else adam

    def slots(self) -> tuple[dict[str, float], ...]:
        moments = {"momentum": 0.0, "velocity": 0.0}
        return (moments, {"velocity_hat": 0.0}) if self.amsgrad else (moments,)

    def numbers(self, learning_rate: float, t: int) -> Numbers:
        alpha = learning_rate * math.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        return {"alpha": alpha, "rate_1": 1 - self.beta_1, "rate_2": 1 - self.beta_2, "epsilon": self.epsilon}


@OPTIMIZERS.add("adamw")
class AdamW(Adam):
    """Adam whose weights shrink by `learning_rate * weight_decay` of themselves at each step.

    The decay is kept out of the moments, which is what sets it apart from an L2 penalty.

    Args:
        learning_rate: step size; a number, a schedule or a function without arguments.
        weight_decay: the decay.
        beta_1: how much of the mean gradient stays at each step.
        beta_2: how much of the mean square stays.
        epsilon: added to the root that divides.
        amsgrad: divide by the largest mean square so far.
        clipnorm and what follows: see `Optimizer`.

    Raises:
        ArgumentError: no weight decay.

    Example:
        >>> from chainrule.graph.variable import Variable
        >>> w, adamw = Variable([1.0]), AdamW(learning_rate=0.1, weight_decay=0.5)
        >>> adamw.apply([[0.0]], [w])
        >>> w.numpy().round(4).tolist()
        [0.949999988079071]

    Source: Loshchilov and Hutter (2019), arXiv:1711.05101, Algorithm 2 with Keras's decay.
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        weight_decay: float | None = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
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
        if weight_decay is None:
            raise ArgumentError(
                "AdamW without weight decay is Adam",
                where="AdamW",
                expected="weight_decay: a number",
                got=None,
            )
        super().__init__(
            learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay, clipnorm, clipvalue,
            global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency, loss_scale_factor,
            gradient_accumulation_steps, name, **kwargs,
        )  # fmt: skip
