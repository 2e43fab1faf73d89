"""LambdaCallback: hooks as functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chainrule.callbacks.base import Callback
from chainrule.errors import UnknownNameError


class LambdaCallback(Callback):
    """A callback made of functions.

    Args:
        on_epoch_begin: (epoch, logs).
        on_epoch_end: (epoch, logs).
        on_train_begin: (logs).
        on_train_end: (logs).
        on_train_batch_begin: (batch, logs).
        on_train_batch_end: (batch, logs).
        **kwargs: any other hook by its name.

    Raises:
        UnknownNameError: a hook that does not exist.

    Example:
        >>> callback = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
        >>> callback.on_epoch_end(0, {"loss": 0.5})
        0 0.5
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        hooks = {
            "on_epoch_begin": on_epoch_begin, "on_epoch_end": on_epoch_end, "on_train_begin": on_train_begin,
            "on_train_end": on_train_end, "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end, **kwargs,
        }  # fmt: skip
        for name, hook in hooks.items():
            if not (name.startswith("on_") and hasattr(Callback, name)):
                known = [hook for hook in dir(Callback) if hook.startswith("on_")]
                raise UnknownNameError.of("hook", name, known, where="LambdaCallback")
            if hook is not None:
                setattr(self, name, hook)
