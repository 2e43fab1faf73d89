"""RMSprop, plain, with momentum, and centred on the mean gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.optimizers.base import OPTIMIZERS, Arrays, LearningRate, Numbers, Optimizer


def rmsprop(
    theta: np.ndarray,
    g: np.ndarray,
    v: np.ndarray,
    *,
    learning_rate: float,
    rho: float,
    rate: float,
    epsilon: float,
) -> Arrays:
    """One step; returns theta, v.

        v <- rho v + (1 - rho) g^2
        theta <- theta - learning_rate g / sqrt(v + epsilon)

    rate = 1 - rho.  Tieleman and Hinton (2012), lecture 6.5 of "Neural networks for machine
    learning".  Epsilon is under the root, as in Keras; PyTorch's is outside.
    """
    v = rho * v + rate * g**2
    return theta - learning_rate * g / np.sqrt(v + epsilon), v


def rmsprop_momentum(
    theta: np.ndarray,
    g: np.ndarray,
    v: np.ndarray,
    m: np.ndarray,
    *,
    learning_rate: float,
    rho: float,
    rate: float,
    epsilon: float,
    momentum: float,
) -> Arrays:
    """One step with momentum on the scaled gradient; returns theta, v, m.

    m <- momentum m + learning_rate g / sqrt(v + epsilon)
    theta <- theta - m
    """
    v = rho * v + rate * g**2
    m = momentum * m + learning_rate * g / np.sqrt(v + epsilon)
    return theta - m, v, m


def rmsprop_centered(
    theta: np.ndarray,
    g: np.ndarray,
    v: np.ndarray,
    mean: np.ndarray,
    *,
    learning_rate: float,
    rho: float,
    rate: float,
    epsilon: float,
) -> Arrays:
    """One step scaled by the variance in place of the mean square; returns theta, v, mean.

        mean <- rho mean + (1 - rho) g
        theta <- theta - learning_rate g / sqrt(v - mean^2 + epsilon)

    Graves (2013), arXiv:1308.0850, equations 38 to 41.
    """
    v = rho * v + rate * g**2
    mean = rho * mean + rate * g
    return theta - learning_rate * g / np.sqrt(v - mean**2 + epsilon), v, mean


def rmsprop_centered_momentum(
    theta: np.ndarray,
    g: np.ndarray,
    v: np.ndarray,
    m: np.ndarray,
    mean: np.ndarray,
    *,
    learning_rate: float,
    rho: float,
    rate: float,
    epsilon: float,
    momentum: float,
) -> Arrays:
    """One step with both; returns theta, v, m, mean."""
    v = rho * v + rate * g**2
    mean = rho * mean + rate * g
    m = momentum * m + learning_rate * g / np.sqrt(v - mean**2 + epsilon)
    return theta - m, v, m, mean


@OPTIMIZERS.add("rmsprop")
class RMSprop(Optimizer):
    """Steps divided by the root of a running mean of squares.

    Args:
        learning_rate: step size; a number, a schedule or a function without arguments.
        rho: how much of the running mean stays at each step.
        momentum: how much of the last step goes on, from 0 to 1.
        epsilon: added to the mean under the root.
        centered: subtract the square of the mean gradient, which leaves the variance.
        weight_decay and what follows: see `Optimizer`.

    Raises:
        ArgumentError: momentum outside 0 to 1.

    Example:
        >>> from chainrule.graph.variable import Variable
        >>> w, rmsprop = Variable([1.0]), RMSprop(learning_rate=0.25, rho=0.75)
        >>> rmsprop.apply([[8.0]], [w])
        >>> w.numpy().tolist()
        [0.5]
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
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
        self.rho = self.in_unit_interval("rho", rho)
        self.epsilon, self.centered = epsilon, centered
        self.momentum = self.in_unit_interval("momentum", momentum)
        if momentum:
            self.formula = rmsprop_centered_momentum if centered else rmsprop_momentum
        else:
            self.formula = rmsprop_centered if centered else rmsprop

    def slots(self) -> tuple[dict[str, float], ...]:
        slots: list[dict[str, float]] = [{"velocity": 0.0}]
        slots += [{"momentum": 0.0}] if self.momentum else []
        slots += [{"average_gradient": 0.0}] if self.centered else []
        return tuple(slots)

    def numbers(self, learning_rate: float, t: int) -> Numbers:
        return {
            "learning_rate": learning_rate, "rho": self.rho, "rate": 1 - self.rho, "epsilon": self.epsilon,
            "momentum": self.momentum,
        }  # fmt: skip
