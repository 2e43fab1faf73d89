"""ProgbarLogger: show how training goes."""

from __future__ import annotations

from typing import Any

from chainrule.callbacks.base import Callback, Logs
from chainrule.training.progress import Progress


class ProgbarLogger(Callback):
    """Show a bar or a line for each epoch, evaluation or prediction; `fit` and its like add one."""

    def __init__(self) -> None:
        super().__init__()
        self.progress = Progress()
        self._training = False

    def set_params(self, params: dict[str, Any]) -> None:
        """Say how much there is to do and how much to show."""
        self.params = params
        self.progress = Progress(params.get("verbose", 1))

    def _begin(self, title: str) -> None:
        self.progress.begin(title, self.params.get("steps"), self.params.get("samples"))

    def on_train_begin(self, logs: Logs = None) -> None:
        """Leave evaluations within training to the epoch's own line."""
        self._training = True

    def on_train_end(self, logs: Logs = None) -> None:
        """Close a bar that an interruption left open."""
        self._training = False
        self.progress.close()

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Begin a bar."""
        self._begin(f"Epoch {epoch + 1}/{self.params.get('epochs') or '?'}")

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """End the bar with the epoch's numbers."""
        self.progress.end(logs)

    def on_test_begin(self, logs: Logs = None) -> None:
        """Begin a bar."""
        if not self._training:
            self._begin("Evaluate")

    def on_test_end(self, logs: Logs = None) -> None:
        """End it."""
        if not self._training:
            self.progress.end(logs)

    def on_predict_begin(self, logs: Logs = None) -> None:
        """Begin a bar."""
        self._begin("Predict")

    def on_predict_end(self, logs: Logs = None) -> None:
        """End it."""
        self.progress.end({})
