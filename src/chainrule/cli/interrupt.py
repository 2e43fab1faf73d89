"""Ctrl-C while training: the running batch is finished, and what was learnt is kept."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chainrule.callbacks import Callback


class StopOnRequest(Callback):
    """Ends training after the running batch, once it is asked to."""

    def __init__(self) -> None:
        super().__init__()
        self.requested = False

    def request(self) -> None:
        """Ask for the end."""
        self.requested = True
        if self.model is not None:
            self.model.stop_training = True

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Repeat a request that came before `fit` cleared it."""
        if self.requested:
            self.request()


@contextmanager
def stopping_gently() -> Iterator[StopOnRequest]:
    """Within the block the first Ctrl-C asks the callback to stop; the second is a KeyboardInterrupt."""
    callback = StopOnRequest()

    def on_interrupt(number: int, frame: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        print("\nstopping after this batch; Ctrl-C again stops at once", file=sys.stderr, flush=True)
        callback.request()

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield callback
    finally:
        # A process started in the background ignores SIGINT; after a request, the next one must end it.
        signal.signal(signal.SIGINT, signal.default_int_handler if callback.requested else before)
