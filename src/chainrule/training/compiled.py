"""What `compile` was given, resolved: a loss and metrics for each output, and their names in the logs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule import losses as losses_module
from chainrule.errors import ArgumentError, UnknownNameError
from chainrule.graph.tensor import Tensor
from chainrule.metrics import Mean
from chainrule.metrics.resolve import kind_of_labels
from chainrule.spec import Shape

CROSSENTROPIES = {
    "binary": "binary_crossentropy",
    "sparse": "sparse_categorical_crossentropy",
    "categorical": "categorical_crossentropy",
}


def is_by_shape(loss: Any) -> bool:
    """Whether a loss is the name of whichever cross-entropy fits the targets and the outputs.

    Example:
        >>> is_by_shape("crossentropy"), is_by_shape("binary_crossentropy")
        (True, False)
    """
    return isinstance(loss, str) and loss.lower() in ("crossentropy", "ce")


def per_output(given: Any, names: Sequence[str], what: str) -> list[Any]:
    """One entry for each output, from one for all, a list, or a dict by name.

    Raises:
        UnknownNameError: a dict names no output of the model.
        ArgumentError: a list of another length.
    """
    if isinstance(given, dict):
        for key in given:
            if key not in names:
                raise UnknownNameError.of("output", key, names, where=f"compile({what}=…)")
        return [given.get(name) for name in names]
    if isinstance(given, (list, tuple)):
        if len(given) != len(names):
            raise ArgumentError(
                f"{what} has another number of entries than the model has outputs", where="compile",
                expected=f"{len(names)} ({', '.join(names)})", got=len(given),
            )  # fmt: skip
        return list(given)
    return [given] * len(names)


class CompiledLoss:
    """The losses of a model's outputs and their sum.

    Args:
        loss: as given to `compile`.
        loss_weights: as given to `compile`.
        names: names of the outputs.
    """

    def __init__(self, loss: Any, loss_weights: Any, names: Sequence[str]) -> None:
        self.names = list(names)
        single = isinstance(loss, (list, tuple)) and len(names) == 1 and len(loss) == 1
        entries = per_output(loss[0] if single else loss, names, "loss")
        self.losses: list[Any] = [None if entry is None else as_loss(entry) for entry in entries]
        factors = loss_weights if loss_weights is not None else 1.0
        self.factors = [1.0 if f is None else float(f) for f in per_output(factors, names, "loss_weights")]
        self.trackers = [Mean(name=f"{names[k]}_loss") for k in self.used] if len(self.used) > 1 else []

    def settle(self, y: Sequence[np.ndarray], outputs: Sequence[Shape]) -> None:
        """Choose the cross-entropies that `compile` left to the shapes.

        Args:
            y: the targets.
            outputs: shapes of the outputs.
        """
        for k, target in zip(self.places(len(y)), y, strict=True):
            if is_by_shape(self.losses[k]):
                self.losses[k] = as_loss(CROSSENTROPIES[kind_of_labels(target.shape, outputs[k])])

    @property
    def used(self) -> list[int]:
        """The outputs that have a loss."""
        return [k for k, loss in enumerate(self.losses) if loss is not None]

    def __call__(self, y: Sequence[Any], predictions: Sequence[Any], weights: Sequence[Any]) -> list[Any]:
        """The weighted sum (None where no output has a loss), then, of several outputs, the loss of each."""
        parts, total = [], None
        places = self.places(len(y))
        for k in self.used:
            place = places.index(k)
            weight = weights[place if len(weights) > 1 else 0] if weights else None
            part = self.losses[k](y[place], predictions[k], sample_weight=weight)
            if not isinstance(part, Tensor):
                raise ArgumentError(
                    "a loss returns a tensor, made of y_true and y_pred by operators and chainrule.ops",
                    where="compile",
                    got=f"{type(part).__name__} from the loss {getattr(self.losses[k], 'name', self.losses[k])!r}",
                    hint="does it end with `return`?",
                )  # fmt: skip
            if part.shape and getattr(self.losses[k], "reduction", 0) in ("none", None):
                raise ArgumentError(
                    "training makes one number small, and this loss gives many", where="compile",
                    got=f'reduction="none" of the loss {self.losses[k].name!r}',
                    hint='leave the reduction out, which takes the mean; "sum" sums over the samples of a batch',
                )  # fmt: skip
            parts.append(part)
            part = part if self.factors[k] == 1.0 else part * self.factors[k]
            total = part if total is None else total + part
        return [total, *(parts if len(parts) > 1 else ())]

    def places(self, targets: int) -> list[int]:
        """The outputs that the targets belong to: all of them, or those with a loss."""
        return list(range(len(self.names))) if targets == len(self.names) else self.used


def as_loss(entry: Any) -> Any:
    """A loss object from a name, a function or an object; a name that the shapes decide stays as it is."""
    if is_by_shape(entry):
        return entry
    found = losses_module.get(entry)
    if isinstance(found, losses_module.Loss):
        return found
    if not callable(found):
        raise ArgumentError("a loss is a name, a function or a Loss", where="compile", got=repr(entry))
    return losses_module.LossFunctionWrapper(found, name=getattr(found, "__name__", None))


def compares_alike(loss: Any) -> bool:
    """Whether a loss is one of ours that compares targets and outputs of the same shape."""
    function = getattr(loss, "fn", loss)
    name = getattr(function, "__name__", type(loss).__name__)
    ours = str(getattr(function, "__module__", "")).startswith("chainrule.losses")
    return ours and name not in ("sparse_categorical_crossentropy", "circle", "Circle")


def is_sparse(loss: Any) -> bool:
    """Whether a loss takes class labels, which must stay integers."""
    return isinstance(loss, losses_module.SparseCategoricalCrossentropy) or getattr(loss, "name", "") == (
        "sparse_categorical_crossentropy"
    )


def is_binary(loss: Any) -> bool:
    """Whether a loss takes probabilities."""
    return isinstance(loss, (losses_module.BinaryCrossentropy, losses_module.BinaryFocalCrossentropy)) or getattr(
        loss, "name", ""
    ) in ("binary_crossentropy", "binary_focal_crossentropy")


class CompiledMetrics:
    """The metrics of a model's outputs.

    Args:
        metrics: as given to `compile`, unweighted.
        weighted: as given to `compile`, weighted.
        names: names of the outputs.
        losses: the losses of the outputs, by which "accuracy" is resolved.
    """

    def __init__(self, metrics: Any, weighted: Any, names: Sequence[str], losses: Sequence[Any]) -> None:
        self.names, self.losses = list(names), losses
        self._given = [(entry, False) for entry in (metrics,)] + [(entry, True) for entry in (weighted,)]
        self.entries: list[tuple[int, Any, bool, str]] = []
        self.built = False

    def build(self, y: Sequence[np.ndarray], predictions: Sequence[Tensor], places: Sequence[int]) -> None:
        """Resolve names by the shapes of targets and predictions.

        Args:
            y: the targets.
            predictions: the outputs.
            places: the outputs that the targets belong to.
        """
        if self.built:
            return
        for given, weighted in self._given:
            arranged = list(enumerate(self._arranged(given)))
            if isinstance(given, dict):
                arranged.sort(key=lambda pair: self.names[pair[0]])  # Keras's order in what `evaluate` returns
            for k, entries in arranged:
                for entry in entries:
                    metric = self._resolve(entry, k, y[self._place(k, places)], predictions)
                    key = f"{self.names[k]}_{metric.name}" if len(self.names) > 1 else metric.name
                    taken = {other for _, _, _, other in self.entries}
                    if key in taken and weighted:
                        key = f"weighted_{key}"
                    number = 1
                    unique = key
                    while unique in taken:
                        unique, number = f"{key}_{number}", number + 1
                    self.entries.append((k, metric, weighted, unique))
        self.built = True

    def _arranged(self, given: Any) -> list[list[Any]]:
        """A list of metrics for each output."""
        n = len(self.names)
        if given is None:
            return [[] for _ in range(n)]
        if isinstance(given, dict):
            return [_listed(entry) for entry in per_output(given, self.names, "metrics")]
        items = _listed(given)
        if n == 1:
            return [[m for item in items for m in _listed(item)]]
        if len(items) == n:
            return [_listed(item) for item in items]
        raise ArgumentError(
            "metrics of a model with several outputs are one list for each output", where="compile",
            expected=f"{n} entries ({', '.join(self.names)})", got=len(items),
            hint=f"metrics={{{self.names[0]!r}: [...]}}",
        )  # fmt: skip

    def _resolve(self, entry: Any, k: int, true: Any, predictions: Sequence[Any]) -> Any:
        from chainrule.metrics import resolve_metric

        return resolve_metric(entry, tuple(true.shape), tuple(predictions[k].shape), self.losses[k])

    def update(
        self, y: Sequence[np.ndarray], predictions: Sequence[np.ndarray], weights: Sequence[np.ndarray],
        places: Sequence[int],
    ) -> None:  # fmt: skip
        """Count a batch."""
        for k, metric, weighted, _ in self.entries:
            place = self._place(k, places)
            if weighted and weights:
                weight = weights[place if len(weights) > 1 else 0]
                metric.update_state(y[place], predictions[k], sample_weight=weight)
            else:
                metric.update_state(y[place], predictions[k])

    def _place(self, output: int, places: Sequence[int]) -> int:
        """Where the targets of an output are among the targets."""
        if output not in places:
            raise ArgumentError(
                "a metric of an output without targets", where="compile", got=self.names[output],
                hint="give targets for this output too",
            )  # fmt: skip
        return places.index(output)

    def results(self) -> dict[str, Any]:
        """The values by their keys in the logs."""
        logs: dict[str, Any] = {}
        for _, metric, _, key in self.entries:
            value = metric.result()
            if isinstance(value, dict):
                logs.update({name: float(v) for name, v in value.items()})
            else:
                logs[key] = float(value) if np.ndim(value) == 0 else np.asarray(value)
        return logs

    @property
    def metrics(self) -> list[Any]:
        """The metric objects."""
        return [metric for _, metric, _, _ in self.entries]


def _listed(entry: Any) -> list[Any]:
    if entry is None:
        return []
    return list(entry) if isinstance(entry, (list, tuple)) else [entry]
