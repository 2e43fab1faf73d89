"""Callback and CallbackList: what is called on the way through training."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

Logs = dict[str, Any] | None


class Callback:
    """Something to do on the way.  Subclass it and define the hooks that matter.

    A hook gets the number of the epoch or batch, where there is one, and `logs`: the loss and the
    metrics so far.  `model` is the model, `params` holds "epochs", "steps" and "verbose".

    Example:
        >>> class Shout(Callback):
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         print(f"epoch {epoch}: {logs['loss']}!")
        >>> Shout().on_epoch_end(0, {"loss": 0.5})
        epoch 0: 0.5!
    """

    watches_batches = True  # an object that overrides a batch hook and does not need it now says False

    def __init__(self) -> None:
        self.params: dict[str, Any] = {}
        self._model: Any = None

    @property
    def model(self) -> Any:
        """The model that is trained."""
        return self._model

    def set_model(self, model: Any) -> None:
        """Say which model is trained."""
        self._model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Say how it is trained."""
        self.params = params

    def on_train_begin(self, logs: Logs = None) -> None:
        """At the beginning of training."""

    def on_train_end(self, logs: Logs = None) -> None:
        """At the end of training."""

    def on_test_begin(self, logs: Logs = None) -> None:
        """At the beginning of evaluation, also within training."""

    def on_test_end(self, logs: Logs = None) -> None:
        """At the end of evaluation."""

    def on_predict_begin(self, logs: Logs = None) -> None:
        """At the beginning of prediction."""

    def on_predict_end(self, logs: Logs = None) -> None:
        """At the end of prediction."""

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """At the beginning of an epoch of training."""

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """At the end of an epoch of training; `logs` holds the validation's numbers too."""

    def on_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a batch of training."""

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a batch of training."""

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a batch of training."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a batch of training."""
        self.on_batch_end(batch, logs=logs)

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a batch of evaluation."""

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a batch of evaluation."""

    def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a batch of prediction."""

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a batch of prediction; `logs["outputs"]` are its results."""


BATCH_HOOKS = (
    "on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end", "on_test_batch_begin",
    "on_test_batch_end", "on_predict_batch_begin", "on_predict_batch_end",
)  # fmt: skip


def overrides(callback: Any, hook: str) -> bool:
    """Whether a callback's class, or the object itself, defines a hook of its own."""
    return hook in vars(callback) or getattr(type(callback), hook, None) is not getattr(Callback, hook)


class CallbackList:
    """Several callbacks as one.

    A batch costs nothing where nobody watches batches: ask `has_batch_hooks` before making logs, and
    call `tick` after each batch, which compares clocks for the progress bar.

    Args:
        callbacks: the callbacks.
        add_history: whether to add a `History`, unless there is one.
        add_progbar: whether to add a `ProgbarLogger`, unless there is one.
        model: the model.
        **params: how it is trained: epochs, steps, verbose, samples.

    Example:
        >>> CallbackList([Callback()]).has_batch_hooks
        False
    """

    def __init__(
        self,
        callbacks: Callback | Sequence[Callback] | None = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        from chainrule.callbacks.history import History
        from chainrule.callbacks.progbar import ProgbarLogger

        self.callbacks: list[Any] = _flat(callbacks)
        if add_progbar and not self._having(ProgbarLogger):
            self.callbacks.append(ProgbarLogger())
        if add_history and not self._having(History):
            self.callbacks.append(History())
        self._bars: list[Any] = self._having(ProgbarLogger)
        self.params: dict[str, Any] = {}
        self.model: Any = None
        if params:
            self.set_params(params)
        if model is not None:
            self.set_model(model)
        self._settle()

    def _having(self, cls: type) -> list[Any]:
        return [callback for callback in self.callbacks if isinstance(callback, cls)]

    def _settle(self) -> None:
        watching = [c for c in self.callbacks if getattr(c, "watches_batches", True)]
        self.has_batch_hooks = any(overrides(c, hook) for c in watching for hook in BATCH_HOOKS)

    def append(self, callback: Callback) -> None:
        """Add a callback."""
        self.callbacks.append(callback)
        if self.params:
            callback.set_params(self.params)
        if self.model is not None:
            callback.set_model(self.model)
        self._settle()

    def set_params(self, params: dict[str, Any]) -> None:
        """Tell all how the model is trained."""
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Tell all which model is trained."""
        self.model = model
        for callback in self.callbacks:
            callback.set_model(model)

    def tick(self, done: int, logs: Callable[[], Logs] = lambda: None) -> None:
        """So many batches are done: the bar redraws if it is time to.

        Args:
            done: batches so far.
            logs: makes the logs; called only when something is drawn.
        """
        for bar in self._bars:
            bar.progress.tick(done, logs)

    def close(self) -> None:
        """Close a bar that an error left open: the terminal is as before."""
        for bar in self._bars:
            bar.progress.close()

    def on_train_begin(self, logs: Logs = None) -> None:
        """Call all."""
        for callback in self.callbacks:
            callback.on_train_begin(_own(logs))

    def on_train_end(self, logs: Logs = None) -> None:
        """Call all."""
        for callback in self.callbacks:
            callback.on_train_end(_own(logs))

    def on_test_begin(self, logs: Logs = None) -> None:
        """Call all."""
        for callback in self.callbacks:
            callback.on_test_begin(_own(logs))

    def on_test_end(self, logs: Logs = None) -> None:
        """Call all."""
        for callback in self.callbacks:
            callback.on_test_end(_own(logs))

    def on_predict_begin(self, logs: Logs = None) -> None:
        """Call all."""
        for callback in self.callbacks:
            callback.on_predict_begin(_own(logs))

    def on_predict_end(self, logs: Logs = None) -> None:
        """Call all."""
        for callback in self.callbacks:
            callback.on_predict_end(_own(logs))

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Call all."""
        for callback in self.callbacks:
            callback.on_epoch_begin(epoch, _own(logs))

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Call all, with one dictionary, so that what one adds the next ones see."""
        logs = dict(_own(logs))
        for callback in self.callbacks:
            callback.on_epoch_end(epoch, logs)

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Call all."""
        for callback in self.callbacks:
            callback.on_train_batch_begin(batch, logs=_own(logs))

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Call all."""
        logs = _own(logs)
        for callback in self.callbacks:
            callback.on_train_batch_end(batch, logs=logs)
        self.tick(batch + 1, lambda: logs)

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Call all."""
        for callback in self.callbacks:
            callback.on_test_batch_begin(batch, logs=_own(logs))

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Call all."""
        logs = _own(logs)
        for callback in self.callbacks:
            callback.on_test_batch_end(batch, logs=logs)
        self.tick(batch + 1, lambda: logs)

    def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Call all."""
        for callback in self.callbacks:
            callback.on_predict_batch_begin(batch, logs=_own(logs))

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Call all."""
        logs = _own(logs)
        for callback in self.callbacks:
            callback.on_predict_batch_end(batch, logs=logs)
        self.tick(batch + 1)

    on_batch_begin = on_train_batch_begin
    on_batch_end = on_train_batch_end


def _own(logs: Logs) -> dict[str, Any]:
    return {} if logs is None else logs


def _flat(callbacks: Any) -> list[Any]:
    if callbacks is None:
        return []
    if isinstance(callbacks, Iterable):
        return [inner for item in callbacks for inner in _flat(item)]
    return [callbacks]
