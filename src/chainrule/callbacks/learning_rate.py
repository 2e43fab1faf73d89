"""Callbacks that change the learning rate."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.callbacks.base import Callback, Logs
from chainrule.callbacks.monitor import Better, checked_mode, monitored
from chainrule.errors import ArgumentError


def rate_of(model: Any) -> float:
    """The learning rate as a number."""
    return float(np.asarray(model.optimizer.learning_rate))


class LearningRateScheduler(Callback):
    """Set the learning rate at the beginning of each epoch.

    Args:
        schedule: (epoch) or (epoch, learning rate so far) -> learning rate.
        verbose: 1 to say what it is set to.

    Raises:
        ArgumentError: the schedule returns something other than a number.
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Set the learning rate."""
        rate = self.schedule(epoch, rate_of(self.model)) if takes_two(self.schedule) else self.schedule(epoch)
        if not isinstance(rate, (int, float, np.floating)) or isinstance(rate, bool):
            if np.ndim(rate) != 0 or np.asarray(rate).dtype.kind != "f":
                raise ArgumentError(
                    "the schedule returns something other than a number", where="LearningRateScheduler",
                    expected="a float", got=repr(rate),
                )  # fmt: skip
            rate = float(np.asarray(rate))
        self.model.optimizer.learning_rate = float(rate)
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {rate}.")

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Log it."""
        if logs is not None:
            logs["learning_rate"] = rate_of(self.model)


def takes_two(function: Callable[..., Any]) -> bool:
    """Whether a function can be called with two arguments."""
    try:
        inspect.signature(function).bind(0, 0.0)
    except TypeError:
        return False
    except ValueError:  # a function of an extension, which tells nothing
        return True
    return True


class ReduceLROnPlateau(Callback):
    """Lower the learning rate when the monitored value no longer becomes better.

    Args:
        monitor: the key of the logs to watch.
        factor: what the learning rate is multiplied by.
        patience: how many epochs may pass without a better value.
        verbose: 1 to say what it is set to.
        mode: "min", "max", or "auto": what the loss or metric of that name says.
        min_delta: by how much the value must become better to count.
        cooldown: epochs to wait after a reduction before watching again.
        min_lr: below which the learning rate never goes.

    Raises:
        ArgumentError: a factor of 1 or more, or an unknown argument.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        if kwargs:
            raise ArgumentError("unknown arguments", where="ReduceLROnPlateau", got=", ".join(kwargs))
        if factor >= 1:
            raise ArgumentError(
                "it could not reduce", where="ReduceLROnPlateau", expected="factor < 1", got=factor
            )
        self.monitor, self.factor, self.patience, self.verbose = monitor, factor, patience, verbose
        self.mode = checked_mode(mode, "ReduceLROnPlateau")
        self.min_delta, self.cooldown, self.min_lr = min_delta, cooldown, min_lr
        self._better = Better(monitor, self.mode, min_delta, "ReduceLROnPlateau")
        self._begin()

    def _begin(self) -> None:
        self.wait = self.cooldown_counter = 0
        self.best: float | None = None

    def on_train_begin(self, logs: Logs = None) -> None:
        """Forget an earlier training."""
        self._begin()

    def in_cooldown(self) -> bool:
        """Whether a reduction was not long ago."""
        return self.cooldown_counter > 0

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Compare, and reduce if it is time to."""
        logs = {} if logs is None else logs
        rate = logs["learning_rate"] = rate_of(self.model)
        current = monitored(self.monitor, logs, "Learning rate reduction is")
        if current is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._better(current, self.best, self.model):
            self.best, self.wait = current, 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience and rate > self.min_lr:
                lower = max(rate * self.factor, self.min_lr)
                self.model.optimizer.learning_rate = lower
                if self.verbose > 0:
                    print(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {lower}.")
                self.cooldown_counter, self.wait = self.cooldown, 0
