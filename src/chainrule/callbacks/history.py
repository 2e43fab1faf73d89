"""History: what was logged in each epoch."""

from __future__ import annotations

from typing import Any

from chainrule.callbacks.base import Callback, Logs


class History(Callback):
    """Remembers the logs; `fit` adds one and returns it.

    `epoch` holds the epochs' numbers, `history` each key's value in each epoch.

    Example:
        >>> history = History()
        >>> history.on_train_begin()
        >>> history.on_epoch_end(0, {"loss": 0.5})
        >>> history.history
        {'loss': [0.5]}
    """

    def __init__(self) -> None:
        super().__init__()
        self.epoch: list[int] = []
        self.history: dict[str, list[Any]] = {}

    def on_train_begin(self, logs: Logs = None) -> None:
        """Begin to count epochs, and become the model's history."""
        self.epoch = []
        if self.model is not None:
            self.model.history = self

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Remember an epoch."""
        self.epoch.append(epoch)
        for key, value in (logs or {}).items():
            self.history.setdefault(key, []).append(value)
