"""SGD: gradient descent on batches, with momentum."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.optimizers.base import OPTIMIZERS, Arrays, LearningRate, Numbers, Optimizer


def sgd(theta: np.ndarray, g: np.ndarray, *, learning_rate: float) -> Arrays:
    """One step down the slope; returns theta.

        theta <- theta - learning_rate g

    Robbins and Monro (1951), "A stochastic approximation method".
    """
    return (theta - learning_rate * g,)


def sgd_momentum(
    theta: np.ndarray, g: np.ndarray, m: np.ndarray, *, learning_rate: float, momentum: float
) -> Arrays:
    """One step of the heavy ball; returns theta, m.

        m <- momentum m - learning_rate g
        theta <- theta + m

    Polyak (1964), "Some methods of speeding up the convergence of iteration methods".  The rate
    is inside m, as in Keras: a change of rate reaches full effect only as m forgets.  PyTorch's is outside.
    """
    m = momentum * m - learning_rate * g
    return theta + m, m


def sgd_nesterov(
    theta: np.ndarray, g: np.ndarray, m: np.ndarray, *, learning_rate: float, momentum: float
) -> Arrays:
    """One step of Nesterov's momentum; returns theta, m.

        m <- momentum m - learning_rate g
        theta <- theta + momentum m - learning_rate g

    Nesterov (1983); in the form of Sutskever et al. (2013), "On the importance of initialization
    and momentum in deep learning", where theta is the point after the look ahead.
    """
    m = momentum * m - learning_rate * g
    return theta + momentum * m - learning_rate * g, m


@OPTIMIZERS.add("sgd")
class SGD(Optimizer):
    """Stochastic gradient descent.

    Args:
        learning_rate: step size; a number, a schedule or a function without arguments.
        momentum: how much of the last step goes on, from 0 to 1.
        nesterov: look ahead along the momentum.  Without momentum it changes nothing.
        weight_decay and what follows: see `Optimizer`.

    Raises:
        ArgumentError: momentum outside 0 to 1.

    Example:
        >>> from chainrule.graph.variable import Variable
        >>> w, sgd = Variable([1.0, 2.0]), SGD(learning_rate=0.5)
        >>> sgd.apply([[1.0, -1.0]], [w])
        >>> w.numpy().tolist()
        [0.5, 2.5]
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
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
        self.momentum = self.in_unit_interval("momentum", momentum)
        self.nesterov = nesterov
        if momentum:
            self.formula = sgd_nesterov if nesterov else sgd_momentum
        else:
            self.formula = sgd

    def slots(self) -> tuple[dict[str, float], ...]:
        return ({"momentum": 0.0},) if self.momentum else ()

    def numbers(self, learning_rate: float, t: int) -> Numbers:
        return {"learning_rate": learning_rate, "momentum": self.momentum}
