"""TerminateOnNaN: end training when the loss is no longer a number."""

from __future__ import annotations

import numpy as np

from chainrule.callbacks.base import Callback, Logs
from chainrule.errors import NonFiniteError


class TerminateOnNaN(Callback):
    """End training when the loss is NaN or infinite.

    Args:
        raise_error: whether to raise rather than to end training quietly.

    Raises:
        NonFiniteError: with `raise_error`, when it happens.
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Look at the loss."""
        loss = (logs or {}).get("loss")
        if loss is None or np.isfinite(loss):
            return
        if self.raise_error:
            raise NonFiniteError(
                f"NaN or Inf loss encountered at batch {batch}. Loss value: {loss}. "
                "Terminating training immediately."
            )
        print(f"Batch {batch}: Invalid loss, terminating training")
        self.model.stop_training = True
