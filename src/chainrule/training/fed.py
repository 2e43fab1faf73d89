"""From what the user gives to arrays in the order of the model, checked before the first step."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError, DataError, UnknownNameError
from chainrule.training import checks
from chainrule.training.compiled import compares_alike, is_binary, is_sparse
from chainrule.training.data import ArrayData, StreamData, as_arrays, is_stream, unpack_x_y_sample_weight
from chainrule.training.planned import Planned
from chainrule.tree import flatten, map_structure

Data = ArrayData | StreamData


class Fed(Planned):
    """A planned model that takes arrays, lists and dicts of them, data frames, and generators."""

    def _data(
        self, x: Any, y: Any, weight: Any, class_weight: Any, batch_size: int | None, shuffle: Any, steps: int | None,
        predicting: bool = False,
    ) -> Data:  # fmt: skip
        if x is None:
            raise DataError("there is no data", where="x", got=None, hint="model.fit(x, y)")
        checks.check_count(batch_size, "batch_size")
        checks.check_count(steps, "steps")
        if is_stream(x):
            if y is not None:
                raise ArgumentError("a generator gives the targets itself", where="y", hint="leave y out")
            if weight is not None:
                hint = "yield (x, y, sample_weight)"
                raise ArgumentError("a generator gives the weights itself", where="sample_weight", hint=hint)


            def arrange(item: Any) -> Any:
                return self._arrange(*unpack_x_y_sample_weight(item), class_weight, predicting)

            return StreamData(x, steps, arrange)
        data = ArrayData(*self._arrange(x, y, weight, class_weight, predicting), batch_size, shuffle)
        if steps is not None:
            data.steps = steps
            return _Limited(data, steps)
        return data

    def _arrange(
        self, x: Any, y: Any, weight: Any, class_weight: Any = None, predicting: bool = False
    ) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
        """Arrays in the order of the model, checked."""
        inputs = self._ordered_inputs(x)
        checks.check_lengths(inputs, (), ())
        if self.inputs is None:
            inputs = [checks.with_rank_of(a, None) for a in inputs]
        else:
            shapes = [t.shape for t in self.inputs]
            if len(shapes) == len(inputs):
                inputs = [checks.with_rank_of(a, shape) for a, shape in zip(inputs, shapes, strict=True)]
            checks.check_inputs(inputs, shapes, self.input_names)
        checks.check_finite(inputs, "x")
        if predicting:
            self._ensure_built(inputs)
            return inputs, [], []
        targets = self._targets(y, inputs)
        weights = self._weights(weight, len(targets), len(inputs[0]))
        checks.check_lengths(inputs, targets, weights)
        checks.check_finite(targets, "y")
        checks.check_finite(weights, "sample_weight")
        self._check_targets(targets)
        if class_weight is not None:
            if len(targets) != 1:
                raise ArgumentError(
                    "class_weight is for models with one output", where="class_weight", got=f"{len(targets)} outputs",
                    hint="give sample_weight={output name: one weight for each sample}",
                )  # fmt: skip
            extra = checks.weights_from_classes(targets[0], class_weight)
            weights = [extra * weights[0].reshape(len(extra)) if weights else extra]
        return inputs, targets, weights

    def _ordered_inputs(self, x: Any) -> list[np.ndarray]:
        if hasattr(self, "in_order") and (isinstance(x, dict) or len(self.inputs or ()) > 1):
            return [as_arrays(item, "x")[0] for item in self.in_order(x)]
        if isinstance(x, dict) and self.inputs is None:  # a subclassed model, whose `call` takes a dict
            names = self._input_structure = self._input_structure or dict.fromkeys(x)
            if set(names) != set(x):
                raise DataError(
                    "other inputs than before", where="x", expected=", ".join(names), got=", ".join(map(str, x))
                )
            return [as_arrays(x[name], f"x[{name!r}]")[0] for name in names]
        return as_arrays(x, "x")

    def _targets(self, y: Any, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """One array for each output, or for each that has a loss."""
        self._ensure_built(inputs)
        loss = self._losses_of_outputs()
        by_output = self._by_output(y, "y")
        if y is None and loss.used:
            raise DataError(
                "there are no targets", where="y", expected="what the model should give for each sample",
                hint="fit(x, y); a generator yields (x, y), and validation_data is (x, y)",
            )  # fmt: skip
        given = {name for name, value in zip(loss.names, by_output, strict=True) if value is not None}
        missing = [loss.names[k] for k in loss.used if loss.names[k] not in given]
        if missing:
            raise DataError(
                "an output with a loss has no targets", where="y", expected=f"targets for {', '.join(missing)}",
                got=f"targets for {', '.join(sorted(given)) or 'no output'}",
            )  # fmt: skip
        everywhere = all(value is not None for value in by_output)
        wanted = range(len(by_output)) if everywhere else loss.used
        return [array for k in wanted for array in as_arrays(by_output[k], "y")]

    def _weights(self, weight: Any, targets: int, samples: int) -> list[np.ndarray]:
        """One array for all targets, or one for each."""
        if weight is None:
            return []
        loss = self._losses_of_outputs()
        several = isinstance(weight, (dict, list, tuple)) and len(loss.names) > 1
        if not several or len(flatten(weight)) == samples:
            return as_arrays(weight, "sample_weight")
        by_output = self._by_output(weight, "sample_weight")
        chosen = [by_output[k] for k in loss.places(targets)]
        return [np.ones(samples, np.float32) if w is None else as_arrays(w, "sample_weight")[0] for w in chosen]

    def _by_output(self, given: Any, what: str) -> list[Any]:
        """What was given for each output, from one, a list, or a dict by name; None for what is missing."""
        loss = self._losses_of_outputs()
        names = loss.names
        if given is None:
            return [None] * len(names)
        if isinstance(given, dict):
            for key in given:
                if key not in names:
                    raise UnknownNameError.of("output", key, names, where=what)
            return [given.get(name) for name in names]
        if len(names) == 1:
            return [given]
        items = list(given) if isinstance(given, (list, tuple)) else [given]
        if len(items) == len(loss.used) < len(names):
            return [items[loss.used.index(k)] if k in loss.used else None for k in range(len(names))]
        if len(items) != len(names):
            raise DataError(
                f"the model has {len(names)} outputs, and each wants its own", where=what,
                expected=f"a list of {len(names)} arrays, or a dict with the keys {', '.join(names)}",
                got="one array" if len(items) == 1 else f"{len(items)} arrays",
            )  # fmt: skip
        return items

    def _check_targets(self, targets: Sequence[np.ndarray]) -> None:
        """Labels and probabilities in their range, for the losses that want them."""
        loss = self._losses_of_outputs()
        shapes = [t.shape for t in self._output_tensors()]
        loss.settle(targets, shapes)
        for k, target in zip(loss.places(len(targets)), targets, strict=True):
            one, shape = loss.losses[k], shapes[k]
            where = "y" if len(targets) == 1 else f"y of output {loss.names[k]!r}"
            if is_sparse(one):
                checks.check_sparse_shape(target.shape, shape, where)
                if shape and shape[-1] is not None:
                    checks.check_labels(target, shape[-1], where, ignore=getattr(one, "ignore_class", None))
            elif compares_alike(one):
                checks.check_target_shape(target.shape, shape, one.name, where)
                if is_binary(one):
                    checks.check_probabilities(target, where)


class _Limited(ArrayData):
    """Arrays of which an epoch takes only some steps; the next goes on there, and ends where they end."""

    def __init__(self, data: ArrayData, steps: int) -> None:
        self.__dict__.update(data.__dict__)
        self.steps = steps
        self._running: Any = None

    def rewind(self) -> None:
        self._running = None

    def epoch(self, number: int = 0) -> Any:
        for taken in range(self.steps or 0):
            batch = next(self._running, None) if self._running is not None else None
            if batch is None and taken > 0:
                self._running = None
                warnings.warn(
                    f"data: all samples were seen after {taken} of {self.steps} steps, and the epoch ends here\n"
                    "  hint      leave the number of steps out, or give one of which the batches are a multiple",
                    stacklevel=3,
                )
                return
            if batch is None:
                self._running = super().epoch(number)
                batch = next(self._running)
            yield batch


def split(x: Any, y: Any, weight: Any, share: float) -> tuple[Any, Any, Any, Any]:
    """The last `share` of the samples for validation, the others for training."""
    if not 0 < share < 1:
        raise ArgumentError("validation_split is a share", where="fit", expected="between 0 and 1", got=share)
    if is_stream(x):
        hint = "give validation_data instead"
        raise ArgumentError("a generator cannot be split", where="validation_split", hint=hint)

    def whole(structure: Any) -> Any:
        if structure is None:
            return None
        if isinstance(structure, (list, tuple)) and structure and not hasattr(structure[0], "shape"):
            return np.asarray(structure)
        return map_structure(lambda a: a.to_numpy() if hasattr(a, "to_numpy") else np.asarray(a), structure)

    x, y, weight = whole(x), whole(y), whole(weight)
    n = len(flatten(x)[0])
    cut = int(n * (1.0 - share))
    if cut == 0 or cut == n:
        raise DataError("too few samples to split", where="validation_split", got=f"{n} samples, share {share}")
    checks.check_lengths(flatten(x), flatten(y) if y is not None else [], flatten(weight) if weight is not None else [])
    front, back = (
        [None if s is None else map_structure(lambda a: a[part], s) for s in (x, y, weight)]  # noqa: B023
        for part in (slice(0, cut), slice(cut, n))
    )
    return front[0], front[1], front[2], tuple(back if weight is not None else back[:2])
