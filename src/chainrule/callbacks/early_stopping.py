"""EarlyStopping: end training when it no longer gets better."""

from __future__ import annotations

from typing import Any

from chainrule.callbacks.base import Callback, Logs
from chainrule.callbacks.monitor import Better, checked_mode, monitored


class EarlyStopping(Callback):
    """End training when the monitored value has not become better for a while.

    Args:
        monitor: the key of the logs to watch.
        min_delta: by how much it must become better to count.
        patience: how many epochs may pass without.
        verbose: 1 to say when it stops.
        mode: "min", "max", or "auto": what the loss or metric of that name says.
        baseline: what must be beaten, where given.
        restore_best_weights: whether to end with the weights of the best epoch.
        start_from_epoch: epochs to let pass first.

    Raises:
        ArgumentError: mode "auto", and nothing says which way is better.

    Source: Prechelt, Early stopping - but when? (1998).
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__()
        self.monitor, self.min_delta, self.patience, self.verbose = monitor, min_delta, patience, verbose
        self.mode = checked_mode(mode, "EarlyStopping")
        self.baseline, self.restore_best_weights = baseline, restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._better = Better(monitor, self.mode, min_delta, "EarlyStopping")
        self._begin()

    def _begin(self) -> None:
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best: float | None = None
        self.best_weights: list[Any] | None = None

    def on_train_begin(self, logs: Logs = None) -> None:
        """Forget an earlier training."""
        self._begin()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Compare, and stop if it is time to."""
        current = monitored(self.monitor, logs or {}, "Early stopping")
        if current is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights, self.best_epoch = (
                self.model.get_weights(),
                epoch,
            )  # a loss of NaN beats nothing
        self.wait += 1
        if self._better(current, self.best, self.model):
            self.best, self.best_epoch = current, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self._better(current, self.baseline, self.model):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs = None) -> None:
        """Say so, and go back to the best weights."""
        if self.stopped_epoch > 0 and self.verbose > 0:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                print(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)
