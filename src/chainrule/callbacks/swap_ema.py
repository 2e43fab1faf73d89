"""SwapEMAWeights: evaluate with the running means of the weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.callbacks.base import Callback, Logs
from chainrule.errors import ArgumentError


class SwapEMAWeights(Callback):
    """Put the optimizer's running means in the weights' place for evaluation and prediction, and back after.

    Args:
        swap_on_epoch: whether to do so at the end of each epoch too, until the next begins, so that a
            `ModelCheckpoint` that stands after this callback saves the means.

    Raises:
        ArgumentError: an optimizer that keeps no means.

    Source: Polyak and Juditsky, Acceleration of stochastic approximation by averaging (1992).
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._held: list[np.ndarray] | None = None

    def _pairs(self) -> list[tuple[Any, Any]]:
        optimizer = self.model.optimizer
        if not getattr(optimizer, "use_ema", False):
            raise ArgumentError(
                "the optimizer keeps no means of the weights", where="SwapEMAWeights",
                expected="use_ema=True", got=type(optimizer).__name__,
                hint='compile(optimizer=Adam(use_ema=True), …)',
            )  # fmt: skip
        averages = [v for v in optimizer.variables if v.name.endswith("_average")]
        return list(zip(self.model.trainable_variables, averages, strict=False))

    def _means_in(self) -> None:
        """Put the means in the weights' place."""
        if self._held is None:
            pairs = self._pairs()
            self._held = [weight.numpy() for weight, _ in pairs]
            for weight, mean in pairs:
                weight.assign(mean)

    def _weights_in(self) -> None:
        """Put the weights back."""
        if self._held is not None:
            for (weight, _), value in zip(self._pairs(), self._held, strict=True):
                weight.assign(value)
        self._held = None

    def on_train_begin(self, logs: Logs = None) -> None:
        """Refuse an optimizer without means before it is trained."""
        self._pairs()

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Train with the weights themselves."""
        self._weights_in()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Leave the means in the model, where asked to."""
        if self.swap_on_epoch:
            self._means_in()

    def on_train_end(self, logs: Logs = None) -> None:
        """Leave the means, which training with `use_ema` ends with."""
        self._held = None

    def on_test_begin(self, logs: Logs = None) -> None:
        """Evaluate the means."""
        self._means_in()

    def on_test_end(self, logs: Logs = None) -> None:
        """Go back."""
        self._weights_in()

    def on_predict_begin(self, logs: Logs = None) -> None:
        """Predict with the means."""
        self._means_in()

    def on_predict_end(self, logs: Logs = None) -> None:
        """Go back."""
        self._weights_in()
