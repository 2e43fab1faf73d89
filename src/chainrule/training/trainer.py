"""Trainer: compile, fit, evaluate, predict; the loop, readable top to bottom."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError, NotBuiltError, located
from chainrule.training import checks
from chainrule.training.brightness import warn_of_brightness
from chainrule.training.compiled import is_by_shape
from chainrule.training.data import ArrayData, Batch, unpack_x_y_sample_weight
from chainrule.training.fed import Data, Fed, split
from chainrule.training.gathering import PLAIN
from chainrule.training.step import Step, one_pool
from chainrule.tree import flatten, map_structure

FEWEST, MOST = 128, 16_384  # samples in a step of `predict`
ROOM = 1 << 26  # bytes that its plan may take, if it is not for the fewest


class Trainer(Fed):
    """What a model can do once it has an optimizer and a loss.

    Args:
        **kwargs: those of a layer.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stop_training = False
        self._warned_of_brightness = False
        self.history: Any = None
        self._loss_sum = self._loss_weight = 0.0
        self._step_number = 0
        self._ends_on_nan = False

    # compile

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Say how to train.

        Args:
            optimizer: a name or an optimizer.
            loss: a name, a function (y_true, y_pred) written with `chainrule.ops`, or a Loss;
                for several outputs a list, or a dict by output name.
            loss_weights: factors of the losses of several outputs.
            metrics: names, functions or Metrics; for several outputs a list for each, or a dict.
            weighted_metrics: the same, with sample weights applied.
            run_eagerly: accepted for Keras's sake; a plan always runs.
            steps_per_execution: accepted for Keras's sake.
            jit_compile: accepted for Keras's sake.
            auto_scale_loss: accepted for Keras's sake.

        Raises:
            UnknownNameError: a name that does not exist; the nearest one is named.
        """
        from chainrule import losses, optimizers
        from chainrule.metrics import resolve_metric

        self.optimizer = optimizers.get(optimizer)
        for entry in flatten(loss):
            if isinstance(entry, str) and not is_by_shape(entry):
                losses.get(entry)  # a wrong name is said here, not in `fit`
        for entry in flatten([metrics, weighted_metrics]):
            if isinstance(entry, str):
                resolve_metric(entry, (None, 1), (None, 1))
        self._compile_arguments = {
            "optimizer": self.optimizer,
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
            "jit_compile": jit_compile if jit_compile != "auto" else False,
        }
        self._parameters = None
        self.stop_training = False
        self._forget_traces()

    @property
    def compiled(self) -> bool:
        """Whether `compile` was called."""
        return self._compile_arguments is not None

    @property
    def loss(self) -> Any:
        """The loss, as given to `compile`."""
        return None if self._compile_arguments is None else self._compile_arguments["loss"]

    @property
    def run_eagerly(self) -> bool:
        """What `compile` was given; a plan always runs."""
        return bool((self._compile_arguments or {}).get("run_eagerly", False))

    @property
    def jit_compile(self) -> bool:
        """What `compile` was given; kernels are always compiled where there is a compiler."""
        return bool((self._compile_arguments or {}).get("jit_compile", False))

    def get_compile_config(self) -> dict[str, Any] | None:
        """The arguments of `compile`, as JSON can hold them."""
        if self._compile_arguments is None:
            return None
        from chainrule.saving.registry import serialize_keras_object

        config: dict[str, Any] = map_structure(serialize_keras_object, self._compile_arguments)
        return config

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile as `get_compile_config` described."""
        from chainrule.saving.registry import deserialize_keras_object

        known = {k: v for k, v in config.items() if k in _COMPILE_ARGUMENTS}
        self.compile(**{k: deserialize_keras_object(v) for k, v in known.items()})
        if self.built:
            self.optimizer.build(self.trainable_variables)

    # fit

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool | str = True,
        class_weight: dict[Any, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
    ) -> Any:
        """Train.

        Args:
            x: inputs: an array, a list or a dict of arrays, a data frame, or a generator or loader of
                (inputs, targets) or (inputs, targets, sample weights).
            y: targets, as arrays; not with a generator.
            batch_size: samples in a step; 32 by default.
            epochs: the epoch at which to end.
            verbose: 0 for silence, 1 for a live bar, 2 for a line for each epoch; "auto" is 1.
            callbacks: what to call on the way.
            validation_split: share of the samples, taken from the end, to validate on.
            validation_data: (x, y) or (x, y, sample_weight), or a generator, to validate on.
            shuffle: a new order in each epoch.
            class_weight: weight of the samples of each class.
            sample_weight: weight of each sample.
            initial_epoch: the epoch to begin with, when training goes on.
            steps_per_epoch: steps of an epoch; all by default.
            validation_steps: the same for validation.
            validation_batch_size: the same as `batch_size`, for validation.
            validation_freq: validate every so many epochs, or after the epochs of a list.

        Returns:
            A History, whose `history` maps each key of the logs to its value in each epoch.

        Raises:
            DataError: data that cannot be trained on.
            ShapeError: data that does not fit the model.
            NonFiniteError: a loss that became NaN or infinite.
        """
        from chainrule.callbacks import CallbackList, TerminateOnNaN

        self._assert_compiled("fit")
        checks.check_count(epochs, "epochs", least=0)
        checks.check_count(initial_epoch, "initial_epoch", least=0)
        if isinstance(validation_freq, int):
            checks.check_count(validation_freq, "validation_freq")
        if shuffle not in (True, False, "batch"):
            choices = 'True, False or "batch"'
            raise ArgumentError("there is no such way to shuffle", where="fit", expected=choices, got=repr(shuffle))
        if validation_split and validation_data is None:
            x, y, sample_weight, validation_data = split(x, y, sample_weight, validation_split)
        data = self._data(x, y, sample_weight, class_weight, batch_size, shuffle, steps_per_epoch)
        validation = None
        if validation_data is not None:
            vx, vy, vw = unpack_x_y_sample_weight(validation_data)
            size = validation_batch_size or batch_size
            with located("validation_data"):
                validation = self._data(vx, vy, vw, None, size, False, validation_steps)
        for part, where in ((data, "x"), (validation, "validation_data")):
            if isinstance(part, ArrayData):
                warn_of_brightness(self, part.x, where)
        if not isinstance(callbacks, CallbackList):
            callbacks = self._callbacks(callbacks, data, verbose, epochs, history=True)
        self._ends_on_nan = any(isinstance(c, TerminateOnNaN) for c in callbacks.callbacks)
        self.stop_training = False
        callbacks.on_train_begin()
        logs: dict[str, Any] = {}
        try:
            with one_pool():
                for epoch in range(initial_epoch, epochs):
                    self.reset_metrics()
                    callbacks.on_epoch_begin(epoch)
                    logs = self._train_epoch(data, callbacks)
                    if data.ended and not self._loss_weight:
                        break  # nothing came
                    if validation is not None and _is_due(validation_freq, epoch):
                        logs |= {f"val_{k}": v for k, v in self._evaluate(validation, callbacks).items()}
                        logs = dict(sorted(logs.items()))
                    callbacks.on_epoch_end(epoch, logs)
                    if self.stop_training or data.ended:
                        break
            self.optimizer.finalize_variable_values(self.trainable_variables)
        finally:
            self._ends_on_nan = False
            callbacks.on_train_end(logs)
        return self.history

    def _train_epoch(self, data: Data, callbacks: Any) -> dict[str, Any]:
        hooks = callbacks.has_batch_hooks
        for number, batch in enumerate(data.epoch(int(self.optimizer.iterations))):
            if hooks:
                callbacks.on_train_batch_begin(number)
            self._train(batch)
            if hooks:
                callbacks.on_train_batch_end(number, self._logs())
            else:
                callbacks.tick(number + 1, self._logs)
            if self.stop_training:
                break
        return self._logs()

    def _train(self, batch: Batch) -> float:
        """One step: gather, run the plan, update the weights, count the metrics."""
        with Step.turn:
            step = self._step("train", batch)
            values = step.run(batch)
            loss = float(values[0])
            self._step_number += 1
            if not self._ends_on_nan:
                step.check(loss, batch, self._step_number)
            self._count(step, values, batch, loss)
            self.optimizer.step()
        return loss

    def _count(self, step: Step, values: Sequence[np.ndarray], batch: Batch, loss: float) -> None:
        self._loss_sum += loss * batch.size
        self._loss_weight += batch.size
        if self._compiled_loss is not None:
            for tracker, value in zip(self._compiled_loss.trackers, values[1 : step.loss_count], strict=False):
                tracker.update_state(value)  # every batch alike, however many samples it has, as in Keras
        compiled = self._compiled_metrics
        if compiled is not None and compiled.entries:
            rows = slice(None) if batch.rows is None else batch.rows
            y = [a[rows] for a in batch.y]
            weights = [a[rows] for a in batch.weights]
            places = self._losses_of_outputs().places(len(y))
            compiled.update(y, values[step.loss_count : step.end], weights, places)

    def _logs(self) -> dict[str, Any]:
        """The loss and the metrics so far, in the order of their names, as Keras gives them."""
        logs: dict[str, Any] = {"loss": self._loss_sum / self._loss_weight if self._loss_weight else 0.0}
        if self._compiled_loss is not None:
            logs |= {t.name: float(t.result()) for t in self._compiled_loss.trackers}
        if self._compiled_metrics is not None:
            logs |= self._compiled_metrics.results()
        return dict(sorted(logs.items()))

    # evaluate

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **kwargs: Any,
    ) -> Any:
        """The loss and the metrics on data.

        Args:
            x: inputs, as for `fit`.
            y: targets, as for `fit`.
            batch_size: samples in a step; 32 by default.
            verbose: 0 for silence, 1 for a bar, 2 for a line.
            sample_weight: weight of each sample.
            steps: steps to take; all by default.
            callbacks: what to call on the way.
            return_dict: a dict by name instead of a list.
        """
        from chainrule.callbacks import CallbackList

        if kwargs:
            raise ArgumentError("unknown arguments", where="evaluate", got=", ".join(kwargs))
        self._assert_compiled("evaluate")
        data = self._data(x, y, sample_weight, None, batch_size, False, steps)
        if not isinstance(callbacks, CallbackList):
            callbacks = self._callbacks(callbacks, data, verbose)
        try:
            with one_pool():
                logs = self._evaluate(data, callbacks)
        finally:
            callbacks.close()
        if return_dict:
            return logs
        values = [logs[key] for key in ("loss", *(k for k in self._ordered_keys() if k in logs and k != "loss"))]
        return values[0] if len(values) == 1 else values

    def _evaluate(self, data: Data, callbacks: Any) -> dict[str, Any]:
        before = self._loss_sum, self._loss_weight
        self.reset_metrics()
        data.rewind()  # each validation sees the same samples, so that its figures can be compared
        callbacks.on_test_begin()
        hooks = callbacks.has_batch_hooks
        for number, batch in enumerate(data.epoch()):
            if hooks:
                callbacks.on_test_batch_begin(number)
            self._test(batch)
            if hooks:
                callbacks.on_test_batch_end(number, self._logs())
            else:
                callbacks.tick(number + 1, self._logs)
        logs = self._logs()
        callbacks.on_test_end(logs)
        self._loss_sum, self._loss_weight = before
        return logs

    def _test(self, batch: Batch) -> float:
        with Step.turn:
            step = self._step("test", batch)
            values = step.run(batch)
            loss = float(values[0])
            self._count(step, values, batch, loss)
        return loss

    # predict

    def predict(
        self, x: Any, batch_size: int | None = None, verbose: Any = "auto", steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:  # fmt: skip
        """The outputs for inputs, as arrays.

        Args:
            x: inputs, as for `fit`.
            batch_size: samples computed at a time; 32 by default, and more where more is faster.
            verbose: 0 for silence, 1 for a bar, 2 for a line.
            steps: steps to take; all by default.
            callbacks: what to call on the way.
        """
        from chainrule.callbacks import CallbackList

        again = self._step_for_again(x) if steps is callbacks is batch_size is None else None
        if again is not None:
            return self._predict_again(again, x)
        counted = steps is not None or callbacks is not None  # then a step is Keras's, of 32
        data = self._data(x, None, None, None, batch_size, False, steps, predicting=True)
        if batch_size is None and not counted and isinstance(data, ArrayData):
            data.cut(self._samples_at_once(data))
        if not isinstance(callbacks, CallbackList):
            callbacks = self._callbacks(callbacks, data, 0 if data.steps == 1 else verbose)
        parts: list[list[np.ndarray]] = []
        structure: Any = None
        hooks = callbacks.has_batch_hooks
        callbacks.on_predict_begin()
        try:
            with one_pool():
                for number, batch in enumerate(data.epoch()):
                    if hooks:
                        callbacks.on_predict_batch_begin(number)
                    structure, values = self._predict(batch)
                    parts.append(values)
                    if type(x) is np.ndarray and batch.size == len(x) and [a.shape for a in batch.x] == [x.shape]:
                        self._predicted = (self._step("predict", batch), x.shape, x.dtype)
                    if hooks:
                        callbacks.on_predict_batch_end(number, {"outputs": parts[-1]})
                    else:
                        callbacks.tick(number + 1)
            callbacks.on_predict_end()
        finally:
            callbacks.close()
        outputs = [np.concatenate(pieces) if len(pieces) > 1 else pieces[0] for pieces in zip(*parts, strict=True)]
        return _pack(structure, outputs)

    def _samples_at_once(self, data: ArrayData) -> int:
        """Samples in a step of `predict`: all, or as many as keep the plan's memory small."""
        samples = len(data.x[0])
        if samples <= FEWEST:
            return samples
        with Step.turn:
            step = self._step("predict", Batch(data.x, (), (), slice(0, FEWEST), FEWEST))
        each = step.plan.arena_for(*((FEWEST, *a.shape[1:]) for a in data.x)) // FEWEST
        steps = -(-samples // max(FEWEST, min(MOST, ROOM // max(1, each))))
        return -(-samples // steps)  # in equal steps

    def _step_for_again(self, x: Any) -> Step | None:
        """The plan that has predicted one array of this shape and dtype in one step, if there is one."""
        if self._predicted is None or type(x) is not np.ndarray:
            return None
        step, shape, dtype = self._predicted
        return step if x.shape == shape and x.dtype == dtype and not step.is_stale() else None

    def _predict_again(self, step: Step, x: np.ndarray) -> Any:
        """The outputs by the plan of the last call: its arithmetic, and nothing decided anew."""
        checks.check_finite((x,), "x")
        with Step.turn:
            few = x.size <= PLAIN and not step.threads(x.shape)
            with nullcontext() if few else one_pool():
                values = step.run(Batch((x,), (), (), None, len(x)))
            return _pack(step.structure, [value.copy() for value in values[step.loss_count : step.end]])

    def _callbacks(self, given: Any, data: Data, verbose: Any, epochs: int = 1, history: bool = False) -> Any:
        """The callbacks of a run as one, with the progress bar and the history."""
        from chainrule.callbacks import Callback, CallbackList

        for callback in flatten(given) if given is not None else ():
            if not isinstance(callback, Callback):
                made = isinstance(callback, type)
                raise ArgumentError(
                    "not a callback", where="callbacks", expected="Callback objects", got=_brief(callback),
                    hint=f"make one: {callback.__name__}(…)" if made else "",
                )  # fmt: skip
        level = _verbosity(verbose)
        return CallbackList(
            given, add_history=history, add_progbar=level != 0, model=self,
            verbose=level, epochs=epochs, steps=data.steps, samples=data.samples,
        )  # fmt: skip

    def _predict(self, batch: Batch) -> tuple[Any, list[np.ndarray]]:
        with Step.turn:
            step = self._step("predict", batch)
            return step.structure, [value.copy() for value in step.run(batch)]

    # single batches

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """One step on one batch; its loss and metrics."""
        self._assert_compiled("train_on_batch")
        self.reset_metrics()
        with one_pool():
            self._train(self._batch(x, y, sample_weight, class_weight))
        return self._on_batch_result(return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """The loss and the metrics of one batch."""
        self._assert_compiled("test_on_batch")
        self.reset_metrics()
        with one_pool():
            self._test(self._batch(x, y, sample_weight, None))
        return self._on_batch_result(return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch."""
        batch = self._batch(x, None, None, None, predicting=True)
        with one_pool():
            return _pack(*self._predict(batch))

    def _batch(self, x: Any, y: Any, weight: Any, class_weight: Any, predicting: bool = False) -> Batch:
        data = self._data(x, y, weight, class_weight, None, False, None, predicting)
        assert isinstance(data, ArrayData)
        return Batch(data.x, data.y, data.weights, None, len(data.x[0]))

    def _on_batch_result(self, return_dict: bool) -> Any:
        logs = self._logs()
        if return_dict:
            return logs
        values = [logs[k] for k in ("loss", *(k for k in self._ordered_keys() if k in logs and k != "loss"))]
        return values[0] if len(values) == 1 else values

    def _ordered_keys(self) -> list[str]:
        """Names of the logs in the order of `compile`: the losses of the outputs, then the metrics."""
        keys = [t.name for t in self._compiled_loss.trackers] if self._compiled_loss is not None else []
        if isinstance(self.loss, dict) and isinstance(getattr(self, "_output_structure", None), dict):
            keys.sort(key=[f"{name}_loss" for name in self.loss].index)
        return keys + ([key for _, _, _, key in self._compiled_metrics.entries] if self._compiled_metrics else [])

    # metrics

    def reset_metrics(self) -> None:
        """Begin counting anew."""
        self._loss_sum = self._loss_weight = 0.0
        for metric in [*(self._compiled_metrics.metrics if self._compiled_metrics else ())]:
            metric.reset_state()
        for tracker in self._compiled_loss.trackers if self._compiled_loss else ():
            tracker.reset_state()

    @property
    def metrics(self) -> list[Any]:
        """The metrics of `compile`, once data has been seen."""
        return self._compiled_metrics.metrics if self._compiled_metrics is not None else []

    @property
    def metrics_names(self) -> list[str]:
        """Names of what `evaluate` returns."""
        return ["loss", *self._ordered_keys()]

    def get_metrics_result(self) -> dict[str, Any]:
        """The loss and the metrics so far."""
        return self._logs()

    def _assert_compiled(self, what: str) -> None:
        if not self.compiled:
            raise NotBuiltError(
                f"{what} needs an optimizer and a loss", where=self.name,
                hint='model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])',
            )  # fmt: skip


_COMPILE_ARGUMENTS = (
    "optimizer", "loss", "loss_weights", "metrics", "weighted_metrics", "run_eagerly", "steps_per_execution",
    "jit_compile",
)  # fmt: skip


def _verbosity(verbose: Any) -> int:
    if verbose == "auto":
        return 1
    if verbose not in (0, 1, 2, True, False):
        raise ArgumentError("verbose is a number", where="verbose", expected='0, 1, 2 or "auto"', got=verbose)
    return int(verbose)


def _is_due(frequency: Any, epoch: int) -> bool:
    if isinstance(frequency, int):
        return (epoch + 1) % frequency == 0
    return epoch + 1 in frequency


def _brief(thing: Any) -> str:
    """What something is, in a few words."""
    if hasattr(thing, "shape"):
        return f"an array of shape {tuple(thing.shape)}"
    return thing.__name__ if hasattr(thing, "__name__") else repr(thing)[:60]


def _pack(structure: Any, outputs: list[np.ndarray]) -> Any:
    items = iter(outputs)
    return map_structure(lambda _: next(items), structure)
